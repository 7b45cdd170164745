package gateway

// Lookup by form: the debts of a service that fit what was typed.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/notice"
	"github.com/tserve/jolly/sync/api"
)

// maxCatalogues is how many versions of the catalogue are remembered: a kiosk
// pins one for a visit, and its form must still be understood when the next
// version comes out.
const maxCatalogues = 8

// catalogues are the versions in use, the newest last.
type catalogues struct {
	mu  sync.Mutex
	all []*kiosk.Catalogue
}

// UseCatalogue makes a catalogue the one in force. Those before it are
// remembered for the forms of visits that began with them.
func (s *Store) UseCatalogue(c *kiosk.Catalogue) {
	if c == nil {
		return
	}
	s.catalogues.mu.Lock()
	defer s.catalogues.mu.Unlock()
	all := s.catalogues.all
	if len(all) > 0 && all[len(all)-1] == c {
		return
	}
	all = append(all, c)
	s.catalogues.all = all[max(0, len(all)-maxCatalogues):]
}

// current is the catalogue in force, nil before the first.
func (c *catalogues) current() *kiosk.Catalogue {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) == 0 {
		return nil
	}
	return c.all[len(c.all)-1]
}

// version is the newest catalogue of that version that is remembered, or nil.
func (c *catalogues) version(v string) *kiosk.Catalogue {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.all) - 1; i >= 0; i-- {
		if c.all[i].Version == v {
			return c.all[i]
		}
	}
	return nil
}

// catalogueOf is the catalogue of a version, nil where there was none. Another
// gateway on the same book may have put a newer one in force: then it is taken
// over from there.
func (s *Store) catalogueOf(ctx context.Context, version string) (*kiosk.Catalogue, error) {
	if c := s.catalogues.version(version); c != nil {
		return c, nil
	}
	var content []byte
	err := s.read.QueryRowContext(ctx, "SELECT content FROM catalogues WHERE version = $1", version).Scan(&content)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // a nil catalogue has no services
	}
	c := new(kiosk.Catalogue)
	if err == nil {
		err = json.Unmarshal(content, c)
	}
	if err != nil {
		return nil, fmt.Errorf("read kept catalogue: %w", err)
	}
	if now := s.catalogues.current(); now == nil || kiosk.CompareVersions(c.Version, now.Version) > 0 {
		s.UseCatalogue(c)
		s.log.Info("catalogue taken over from the book", "version", c.Version, "services", len(c.Services))
	}
	return c, nil
}

// LookupForm finds the debts of a service by a filled form. The values are
// checked again here: the kiosk's own check is a help for the citizen, not a
// guard of the gateway.
func (s *Store) LookupForm(ctx context.Context, f api.FormSearch) (api.Found, error) {
	shown, err := s.catalogueOf(ctx, f.Catalogue)
	if err != nil {
		return api.Found{}, fmt.Errorf("lookup by form: %w", err)
	}
	service, ok := shown.Service(f.Service)
	if _, still := s.catalogues.current().Service(f.Service); !ok || !still || service.Find != kiosk.FindByForm {
		return api.Found{}, refuse(api.ProblemCodeServiceUnknown, "")
	}
	if service.Level.Reaches(listingLevel) {
		return api.Found{}, refuse(api.ProblemCodeCardLevel, "the service lists debts by card alone")
	}
	values, err := s.checkForm(service, f.Values)
	if err != nil {
		return api.Found{}, err
	}
	if src, ok := s.source(string(service.Creditor)).(FormSource); ok {
		found, err := s.formAt(ctx, src, service, values)
		if !errors.Is(err, ErrNotByForm) {
			return found, err
		}
	}
	debts, err := s.findByForm(ctx, service, values)
	if err != nil {
		return api.Found{}, fmt.Errorf("lookup by form: %w", err)
	}
	found, err := s.found(ctx, debts)
	if err != nil {
		return api.Found{}, fmt.Errorf("lookup by form: %w", err)
	}
	return found, nil
}

// checkForm holds the values against the rules of the service's fields, and
// names the field that does not fit.
func (s *Store) checkForm(service kiosk.Service, typed []string) ([]kiosk.FormValue, error) {
	if len(typed) > len(service.Fields) {
		return nil, refuse(api.ProblemCodeFormInvalid, string(notice.FlawFields))
	}
	values := make([]kiosk.FormValue, len(service.Fields))
	for i, v := range typed {
		values[i] = kiosk.FormValue(v)
	}
	values, bad, err := notice.CheckForm(service, values, dayOf(s.now().In(s.rome)))
	if err == nil {
		return values, nil
	}
	r := refuse(api.ProblemCodeFormInvalid, "")
	var flaw notice.Flaw
	if errors.As(err, &flaw) {
		r.Detail = string(flaw)
	}
	if bad >= 0 && bad < len(service.Fields) {
		r.Field = service.Fields[bad].ID
	}
	return nil, r
}

// formMark is the mark of one typed value, as the book keeps it.
func (k peopleKey) formMark(service, field, value string) string {
	return k.seal("form", service, field, value)
}

// byMarks finds the debts of a service all of whose marks are among so many, but
// for those of so many fields that were left empty.
func byMarks(typed, empty int) string {
	places := make([]string, typed+empty)
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+3) // $1 is the moment, $2 the service
	}
	spared := ""
	if empty > 0 {
		spared = " AND a.field NOT IN (" + strings.Join(places[typed:], ", ") + ")"
	}
	return `d.id IN (SELECT k.debt FROM debt_keys k WHERE k.service = $2 AND k.mark IN (` + strings.Join(places[:typed], ", ") + `)
		GROUP BY k.debt HAVING count(*) = (SELECT count(*) FROM debt_keys a WHERE a.debt = k.debt` + spared + `))`
}

// findByForm finds the debts all of whose keys were typed, without regard to fields
// that may be left empty and were. Where some can still be paid, those are the
// answer; else the others, so that whoever paid already is told so.
func (s *Store) findByForm(ctx context.Context, service kiosk.Service, values []kiosk.FormValue) ([]debt, error) {
	marks, empty := []any{service.ID}, []any(nil)
	for i, v := range values {
		if v == "" {
			empty = append(empty, service.Fields[i].ID)
			continue
		}
		marks = append(marks, s.people.formMark(service.ID, service.Fields[i].ID, v.Clear()))
	}
	if len(marks) == 1 {
		return nil, nil
	}
	all, err := s.findDebts(ctx, byMarks(len(marks)-1, len(empty)), append(marks, empty...)...)
	if err != nil {
		return nil, err
	}
	var open []debt
	for _, d := range all {
		if d.state == "open" {
			open = append(open, d)
		}
	}
	if len(open) > 0 {
		return open, nil
	}
	return all, nil
}
