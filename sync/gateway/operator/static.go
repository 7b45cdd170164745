package operator

// The style sheet, the script, the type and the pictograms.

import (
	"embed"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/assets"
)

//go:embed static
var staticFiles embed.FS

// fonts are those of the pages.
var fonts = map[string]string{"400.ttf": assets.Titillium400, "600.ttf": assets.Titillium600, "700.ttf": assets.Titillium700}

// static serves what every page needs and nobody need log in for.
func (p *pages) static(w http.ResponseWriter, r *http.Request) {
	name := chi.URLParam(r, "*")
	var b []byte
	kind := mime.TypeByExtension(path.Ext(name))
	switch {
	case fonts[name] != "":
		b, kind = assets.Font(fonts[name]), "font/ttf"
	case strings.HasSuffix(name, ".svg"):
		b, _ = assets.Pictogram(strings.TrimSuffix(name, ".svg"))
		kind = "image/svg+xml"
	default:
		b, _ = staticFiles.ReadFile("static/" + path.Clean("/" + name)[1:])
	}
	if len(b) == 0 {
		p.refuse(w, r, http.StatusNotFound, sayNoPage)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	if _, err := w.Write(b); err != nil {
		p.log.Debug("file not taken", "error", err.Error())
	}
}
