package dock

// The HTTP side of the dock.

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/test/rig"
)

//go:embed dock.html
var pages embed.FS

// Times of the dock.
const (
	refresh    = 250 * time.Millisecond // between two looks of the event stream
	headerWait = 10 * time.Second
	endWait    = 3 * time.Second
)

// Dock serves one rig.
type Dock struct {
	rig  *rig.Rig
	page *template.Template
}

// New makes a dock for the rig.
func New(r *rig.Rig) (*Dock, error) {
	page, err := template.New("dock.html").Funcs(template.FuncMap{"label": label}).ParseFS(pages, "dock.html")
	if err != nil {
		return nil, fmt.Errorf("read page: %w", err)
	}
	return &Dock{rig: r, page: page}, nil
}

// Serve answers on ln until ctx ends.
func (d *Dock) Serve(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: headerWait,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends the event streams, too
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve dock: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWait)
	defer cancel()
	err := srv.Shutdown(late)
	if err != nil {
		err = srv.Close()
	}
	<-done
	return err
}

// Handler is the page and the API.
func (d *Dock) Handler() http.Handler {
	m := chi.NewRouter()
	m.Get("/", d.index)
	m.Get("/fonts/{name}", d.font)
	m.Get("/api/state", d.state)
	m.Get("/api/events", d.events)
	m.Get("/api/papers", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.rig.Papers()) })
	m.Get("/api/choices", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.choices()) })
	m.Get("/api/charges", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.rig.Charges()) })
	m.Get("/api/prints", func(w http.ResponseWriter, _ *http.Request) { reply(w, d.rig.Prints()) })
	m.Get("/api/prints/{n}.png", d.print)
	m.Get("/api/payments/{id}", d.payment)
	m.Get("/api/screen.png", d.screen)
	m.Post("/api/scan", command(d.scan))
	m.Post("/api/terminal", command(d.terminal))
	m.Post("/api/terminal/card", command(d.card))
	m.Post("/api/terminal/red", command(func(context.Context, struct{}) error { return d.rig.PressRed() }))
	m.Post("/api/idcard", command(d.idCard))
	m.Post("/api/idcard/take", command(func(context.Context, struct{}) error { return d.rig.TakeCard() }))
	m.Post("/api/printer", command(d.printer))
	m.Post("/api/network", command(d.network))
	m.Post("/api/kiosk", command(d.power))
	return sameOrigin(m)
}

// sameOrigin refuses commands that a page of somebody else sends from the
// person's own browser.
func sameOrigin(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(next)
}

// Choices are the words that the commands take.
type Choices struct {
	Behaviours []string      `json:"behaviours"`
	Cards      []string      `json:"cards"`
	Printer    []string      `json:"printer"`
	Networks   []rig.Network `json:"networks"`
}

func (d *Dock) choices() Choices {
	return Choices{Behaviours: rig.Behaviours(), Cards: rig.Cards(), Printer: rig.PrinterDeeds(), Networks: rig.Networks()}
}

func (d *Dock) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	data := struct {
		Papers  []rig.Case
		Choices Choices
		IDCards []rig.SampleCard
	}{d.rig.Papers(), d.choices(), d.rig.SampleCards()}
	if err := d.page.Execute(w, data); err != nil {
		fail(w, http.StatusInternalServerError, err)
	}
}

func (d *Dock) font(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, assets.FS, "fonts/"+chi.URLParam(r, "name"))
}

func (d *Dock) state(w http.ResponseWriter, r *http.Request) { reply(w, d.rig.State(r.Context())) }

// events streams the state whenever it differs from the last one sent.
func (d *Dock) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	var last string
	for {
		text, err := json.Marshal(d.rig.State(r.Context()))
		if err != nil {
			return
		}
		if string(text) != last {
			last = string(text)
			if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || out.Flush() != nil {
				return
			}
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

func (d *Dock) print(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(chi.URLParam(r, "n"))
	if err != nil {
		fail(w, http.StatusBadRequest, errors.New("the number of a paper is wanted"))
		return
	}
	paper, err := d.rig.Print(n)
	if err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(paper.PNG) // the reader went away
}

func (d *Dock) payment(w http.ResponseWriter, r *http.Request) {
	rows, err := d.rig.Ledger(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	reply(w, rows)
}

func (d *Dock) screen(w http.ResponseWriter, _ *http.Request) {
	if d.rig.Glass == nil {
		fail(w, http.StatusNotFound, errors.New("the kiosk's window is on your own display"))
		return
	}
	img, err := d.rig.Glass.Capture()
	if err != nil {
		fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "no-store")
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	_ = enc.Encode(w, img) // the reader went away
}

// maxCommand bounds the body of a command.
const maxCommand = 64 << 10

// command makes a handler of a function that takes the command's body.
func command[T any](do func(context.Context, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCommand))
		dec.DisallowUnknownFields()
		if r.ContentLength != 0 {
			if err := dec.Decode(&body); err != nil {
				fail(w, http.StatusBadRequest, fmt.Errorf("read command: %w", err))
				return
			}
		}
		if err := do(r.Context(), body); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // the reader went away
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // the reader went away
}
