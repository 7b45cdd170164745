package main

// How the panel fits on people's displays.

import "testing"

func TestScaleFor(t *testing.T) {
	tests := []struct {
		name      string
		w, h      int
		o         options
		landscape bool
		width     int // of the window, rounded down
	}{
		{"a laptop", 1920, 1080, options{}, true, 1728},
		{"a laptop, upright wanted", 1920, 1080, options{portrait: true}, false, 600},
		{"a small laptop", 1366, 768, options{}, true, 1228},
		{"an upright display", 1080, 1920, options{}, false, 972},
		{"a large display", 3840, 2160, options{}, false, 1080},
		{"a large display, lying wanted", 3840, 2160, options{landscape: true}, true, 1920},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			scale, landscape := scaleFor(tt.w, tt.h, tt.o)
			width := 1080
			if landscape {
				width = 1920
			}
			if got := int(float64(width)*scale + 0.001); landscape != tt.landscape || got != tt.width {
				t.Errorf("lying %v, %d pixels wide; want %v, %d", landscape, got, tt.landscape, tt.width)
			}
		})
	}
}
