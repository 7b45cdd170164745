package gateway

// Fields of a form that may be left empty.

import (
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// What was left empty finds all; what was typed must be right, whatever else was.
func TestAnOptionalFieldMayBeLeftEmpty(t *testing.T) {
	s, _ := newBook(t)
	c, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	s.UseCatalogue(c)
	if err := s.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ service, values, want string }{
		{"publiacqua-acqua", "00123456 202610004711", "service-publiacqua-acqua"},
		{"publiacqua-acqua", "00123456", "service-publiacqua-acqua"},
		{"publiacqua-acqua", "00123456 202610004712", ""},
		{"publiacqua-acqua", "00123457", ""},
		{"publiacqua-acqua", "00123457 202610004711", ""},
		{"prato-edilizia", "PE20260815", "service-prato-edilizia"},
		{"prato-edilizia", "PE20260815 RSSMRA80A01G999F", "service-prato-edilizia"},
		{"prato-edilizia", "PE20260815 BNCLCU15T41G999E", ""},
		{"prato-edilizia", "PE20260816 RSSMRA80A01G999F", ""},
		{"pisa-multe", "4471 15102026 AB123CD", "service-pisa-multe"},
		{"pisa-multe", "4471 15102026 AB124CD", ""},
		{"pisa-multe", "4472 15102026 AB123CD", ""},
	} {
		f, err := s.LookupForm(t.Context(), api.FormSearch{Catalogue: s.catalogues.current().Version, Service: c.service, Values: strings.Fields(c.values)})
		if err != nil {
			t.Errorf("%s %s: %v", c.service, c.values, err)
			continue
		}
		if got := strings.Join(names(f), " "); got != c.want {
			t.Errorf("%s %s: found %q, want %q", c.service, c.values, got, c.want)
		}
	}
}
