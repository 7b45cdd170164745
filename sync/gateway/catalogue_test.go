package gateway

// The catalogue in force: the book's creditors, the kiosks' document.

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// servedAs signs the embedded catalogue, changed.
func servedAs(t testing.TB, change func(*kiosk.Catalogue)) *catalogue.Served {
	t.Helper()
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	key, err := catalogue.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := catalogue.NewServed(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Store) creditorOf(t testing.TB, code, gln string) (creditor, error) {
	t.Helper()
	return findCreditor(t.Context(), s.read, api.NoticeSearch{Creditor: code, Gln: gln})
}

func TestPutCatalogueFillsTheCreditors(t *testing.T) {
	s, _ := newBook(t)
	if err := s.PutCatalogue(t.Context(), servedAs(t, func(*kiosk.Catalogue) {})); err != nil {
		t.Fatal(err)
	}
	for _, cr := range s.catalogues.current().Creditors {
		if got, err := s.creditorOf(t, string(cr.Code), ""); err != nil || got.name != cr.Name {
			t.Errorf("%s: %+v, %v", cr.Name, got, err)
		}
	}
	if got, err := s.creditorOf(t, "", pratoGLN); err != nil || got.code != string(prato) {
		t.Errorf("Prato by its GLN: %+v, %v", got, err)
	}
	// The next one gives the GLN to another, and Pisa a longer name.
	next := servedAs(t, func(c *kiosk.Catalogue) {
		c.Version = "2026-11-23.1"
		for i := range c.Creditors {
			switch c.Creditors[i].Code {
			case prato:
				c.Creditors[i].GLN = ""
			case pisa:
				c.Creditors[i].GLN, c.Creditors[i].Name = pratoGLN, "Città di Pisa"
			}
		}
	})
	if err := s.PutCatalogue(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if got, err := s.creditorOf(t, "", pratoGLN); err != nil || got.code != string(pisa) || got.name != "Città di Pisa" {
		t.Errorf("the GLN that moved: %+v, %v", got, err)
	}
	if _, err := s.creditorOf(t, string(silent), ""); err == nil {
		t.Error("the silent test body is gone, or speaks")
	}
}

func TestCataloguesNeverGoBack(t *testing.T) {
	s, _ := newBook(t)
	older := servedAs(t, func(c *kiosk.Catalogue) { c.Version = "2026-11-22.9" })
	newer := servedAs(t, func(c *kiosk.Catalogue) { c.Version = "2026-11-22.10" })
	for _, c := range []*catalogue.Served{older, newer, newer} {
		if err := s.PutCatalogue(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutCatalogue(t.Context(), older); !errors.Is(err, ErrOlderCatalogue) {
		t.Errorf("went back: %v", err)
	}
	if v := s.catalogues.current().Version; v != "2026-11-22.10" {
		t.Errorf("in force %s", v)
	}
	// After a new start a form of the one before is still understood.
	s.catalogues.all = nil
	if err := s.PutCatalogue(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	if s.catalogues.version("2026-11-22.9") == nil || s.catalogues.current().Version != "2026-11-22.10" {
		t.Error("the catalogue before is forgotten, or in force")
	}
}

// A content that was changed without a new version would have forms read with
// other questions than they were shown with.
func TestAChangedCatalogueNeedsANewVersion(t *testing.T) {
	s, _ := newBook(t)
	if err := s.PutCatalogue(t.Context(), servedAs(t, func(*kiosk.Catalogue) {})); err != nil {
		t.Fatal(err)
	}
	if err := s.PutCatalogue(t.Context(), servedAs(t, func(*kiosk.Catalogue) {})); err != nil {
		t.Errorf("the same content under another signature: %v", err)
	}
	changed := servedAs(t, func(c *kiosk.Catalogue) { c.Services[0].Fee.Cents = 200 })
	if err := s.PutCatalogue(t.Context(), changed); !errors.Is(err, ErrChangedCatalogue) {
		t.Errorf("another content under the same version: %v", err)
	}
	if first := changed.Catalogue.Services[0]; s.fee(channelJolly, string(first.Creditor), first.ID) == 200 {
		t.Error("it is in force")
	}
}

// Of two gateways on one book the one that was started before understands forms
// of the catalogue that the other has put in force, and takes its fees.
func TestTwoGatewaysOnOneBook(t *testing.T) {
	url := newBookURL(t)
	open := func() *Store {
		s, err := Open(t.Context(), url, StoreConfig{testOnlyNoSync: true, PeopleKey: []byte("one")}, testLog())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	before, after := open(), open()
	first := servedAs(t, func(*kiosk.Catalogue) {})
	next := servedAs(t, func(c *kiosk.Catalogue) {
		c.Version = "2099-01-01.1"
		for i, svc := range c.Services {
			if svc.ID == "toscana-bollo" {
				c.Services[i].Fee.Cents = 199
			}
		}
	})
	if err := errors.Join(before.PutCatalogue(t.Context(), first), before.Seed(t.Context()), after.PutCatalogue(t.Context(), next)); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{before, after} {
		for _, version := range []string{first.Catalogue.Version, "2099-01-01.1"} {
			f, err := s.LookupForm(t.Context(), api.FormSearch{Catalogue: version, Service: "toscana-bollo", Values: []string{"car", "AB123CD"}})
			if err != nil || len(f.Bills) != 1 {
				t.Errorf("a form of %s: %+v, %v", version, f, err)
			}
		}
		if fee := s.fee(channelJolly, "", "toscana-bollo"); fee != 199 {
			t.Errorf("fee %s", fee)
		}
	}
	_, err := before.LookupForm(t.Context(), api.FormSearch{Catalogue: "2098-01-01.1", Service: "toscana-bollo", Values: []string{"car", "AB123CD"}})
	wantRefusal(t, err, api.ProblemCodeServiceUnknown)
}

func TestCatalogueOverHTTP(t *testing.T) {
	s := newService(t, HandlerConfig{})
	s.want(t, api.ProblemCodePathUnknown, http.MethodGet, "/v1/catalogue", nil)

	served := servedAs(t, func(*kiosk.Catalogue) {})
	s = newService(t, HandlerConfig{Catalogue: served})
	w := s.want(t, "", http.MethodGet, "/v1/catalogue", nil)
	if !bytes.Equal(w.Body.Bytes(), served.Document) || w.Header().Get("ETag") != served.ETag || w.Header().Get("Cache-Control") == "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	for tag, want := range map[string]int{
		served.ETag:                    http.StatusNotModified,
		"W/" + served.ETag:             http.StatusNotModified,
		`"a", ` + served.ETag + `,"b"`: http.StatusNotModified,
		"*":                            http.StatusNotModified,
		`"a"`:                          http.StatusOK,
		served.ETag[1:]:                http.StatusOK,
		"":                             http.StatusOK,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/catalogue", nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != want || want == http.StatusNotModified && (w.Body.Len() > 0 || w.Header().Get("ETag") != served.ETag) {
			t.Errorf("If-None-Match %s: %d with %d bytes", tag, w.Code, w.Body.Len())
		}
		route, params, err := s.router.FindRoute(r)
		if err != nil {
			t.Fatal(err)
		}
		err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}, Status: w.Code, Header: w.Header(),
			Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: true},
		})
		if err != nil {
			t.Errorf("status %d: %v", w.Code, err)
		}
	}
}

// Every service of the catalogue is found by its own example, with its own fee.
func TestEveryFormServiceFindsItsSample(t *testing.T) {
	s, _ := newBook(t)
	served := servedAs(t, func(*kiosk.Catalogue) {})
	if err := s.PutCatalogue(t.Context(), served); err != nil {
		t.Fatal(err)
	}
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, service := range served.Catalogue.Services {
		if service.Find != kiosk.FindByForm {
			continue
		}
		form := catalogue.Example(served.Catalogue, service)
		values := make([]string, len(service.Fields))
		for i := range values {
			values[i] = form.Values[i].Clear()
		}
		found, err := s.LookupForm(t.Context(), api.FormSearch{Catalogue: form.Catalogue, Service: form.Service, Values: values})
		if err != nil || !slices.ContainsFunc(found.Bills, func(q api.Quote) bool {
			return q.Bill.Creditor == string(service.Creditor) && q.Fee == service.Fee.Cents.Cents()
		}) {
			t.Errorf("%s: %d bills, %v", service.ID, len(found.Bills), err)
		}
		n++
	}
	if n < 25 {
		t.Errorf("only %d services have a form", n)
	}
}
