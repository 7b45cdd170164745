package outbox

// The text of a link: written by hand, it must be what encoding/json writes.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/tserve/jolly/kiosk"
)

func TestLinkIsTheHashOfJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,80}`), rapid.Just("a\xffb"), rapid.Just("\u2028\"\\<&>\x7f"))
		previous := text.Draw(t, "previous")
		fields := []any{
			rapid.Uint64().Draw(t, "n"), rapid.Int64().Draw(t, "at"), rapid.Bool().Draw(t, "sure"), text.Draw(t, "text"),
			kiosk.PaymentID(text.Draw(t, "payment")), kiosk.RowKind(text.Draw(t, "kind")),
		}
		want, err := json.Marshal(append([]any{previous}, fields...))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(want)
		if got := link(previous, fields...); got != hex.EncodeToString(sum[:]) {
			t.Fatalf("link of %s is %s, want %x", want, got, sum)
		}
	})
}
