package gateway

// The fixed limits, as packaging/gateway.md tells them.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tserve/jolly/sync/api"
)

func TestFixedLimitsAreDocumentedWithTheirNumbers(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", "gateway.md"))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := newBook(t)
	server, err := NewServer(s, HandlerConfig{}, testLog())
	if err != nil {
		t.Fatal(err)
	}
	rows := server.calls.schemas["TransactionsRequest"].Value.Properties["rows"].Value.MaxItems
	for _, want := range []string{
		fmt.Sprintf("| a body | %d bytes |", api.MaxBody),
		fmt.Sprintf("| the head of a request | %d bytes, within %.0f s |", server.http.MaxHeaderBytes, server.http.ReadHeaderTimeout.Seconds()),
		fmt.Sprintf("| an idle connection | %.0f s |", server.http.IdleTimeout.Seconds()),
		fmt.Sprintf("| rows of one request | %d |", *rows),
		fmt.Sprintf("sent away | %d |", waitingRows),
		fmt.Sprintf("| rows of one transaction | %d |", groupRows),
		fmt.Sprintf("tells apart | %d a minute |", maxSeen),
		fmt.Sprintf("gateway stops | %.0f s |", grace.Seconds()),
		fmt.Sprintf("more than %d KiB of rows", freshBody>>10),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("packaging/gateway.md does not say %q", want)
		}
	}
}
