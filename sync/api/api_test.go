package api_test

// The contract against its generated types, against the validator and against
// the words of the domain.

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

func TestTypesAreThoseOfTheContract(t *testing.T) {
	out := filepath.Join(t.TempDir(), "types.gen.go")
	cmd := exec.CommandContext(t.Context(), "go", "tool", "oapi-codegen", "--config", "oapi-codegen.yaml", "-o", out, "openapi.yaml")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, b)
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("types.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("types.gen.go differs from what openapi.yaml gives: run go generate ./sync/api")
	}
}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(api.Spec())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestContractIsValid(t *testing.T) {
	doc := document(t)
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q, want 3.1.0", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func enum(t *testing.T, schema string) []string {
	t.Helper()
	ref := document(t).Components.Schemas[schema]
	if ref == nil {
		t.Fatalf("no schema %s", schema)
	}
	var out []string
	for _, v := range ref.Value.Enum {
		out = append(out, v.(string))
	}
	return out
}

func TestClosedListsAreThoseOfTheDomain(t *testing.T) {
	for schema, words := range map[string][]string{
		"BillStatus": words(kiosk.BillPayable, kiosk.BillPaid, kiosk.BillInPayment, kiosk.BillInVerification, kiosk.BillExpired,
			kiosk.BillRevoked, kiosk.BillUnknown),
		"Closing": words(kiosk.ClosingOK, kiosk.ClosingKO, kiosk.ClosingDuplicate),
		"Outcome": words(kiosk.Charged, kiosk.Refused, kiosk.Unknown),
		"RowKind": words(kiosk.RowPaid, kiosk.RowNotPaid, kiosk.RowDoubtful, kiosk.RowResolved, kiosk.RowReceiptDone, kiosk.RowReceiptFailed,
			kiosk.RowDayClosing, kiosk.RowDayClosed),
		"VerdictCode": words(kiosk.VerdictAccepted, kiosk.VerdictDuplicate, kiosk.VerdictConflict,
			kiosk.VerdictParked),
	} {
		if got := enum(t, schema); !slices.Equal(got, words) {
			t.Errorf("%s: contract %v, domain %v", schema, got, words)
		}
	}
}

func words[T ~string](all ...T) []string {
	var out []string
	for _, w := range all {
		out = append(out, string(w))
	}
	return out
}

// Problem codes that a citizen may see carry the domain's own names.
func TestProblemCodesOfTheCitizenAreThoseOfTheDomain(t *testing.T) {
	own := []string{"activation-expired", "activation-closed", "payment-conflict", "payment-unknown", "receipt-unknown",
		"request-invalid", "request-too-large", "media-type", "path-unknown", "method-not-allowed",
		"token-unknown", "token-used", "token-expired", "csr-invalid", "certificate-needed", "certificate-foreign", "certificate-expired",
		"certificate-revoked", "kiosk-foreign", "too-many-requests"}
	domain := words(kiosk.Codes()...)
	for _, code := range enum(t, "ProblemCode") {
		if slices.Contains(domain, code) == slices.Contains(own, code) {
			t.Errorf("%s: in the domain %v, listed as the wire's own %v", code, slices.Contains(domain, code), slices.Contains(own, code))
		}
	}
}
