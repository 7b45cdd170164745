package screen

// The eight items that the law asks of a receipt are on the screen, too.

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/payment"
	"github.com/tserve/jolly/kiosk/session"
	"github.com/tserve/jolly/test/pages"
)

func TestTheLawsItemsAreOnScreen(t *testing.T) {
	p := pages.Paid(payment.Closed, kiosk.Charged)
	p.ResultAt = kiosk.Wall{UnixMilli: 1795357445000, Trusted: true}
	p.Activation.Count = 1
	p.Activation.Bills[0].Token, p.Activation.Bills[0].Amount = "c110729d258c4ab1b765fe902aae41d6", p.Cart.Lines[0].Bill.Amount
	p.Result.STAN, p.Result.TerminalID = "000417", "00012345"
	h := house()
	h.PSPName, h.PSPCode = "Banca di Prova S.p.A.", "01234567890"
	b := p.Cart.Lines[0].Bill
	for _, lang := range kiosk.Languages() {
		dump := fmt.Sprint(Render(session.State{Language: lang, Scene: session.OnScreen{}, Payment: p}, h).Card)
		for _, want := range []string{
			"2026", string(b.Creditor), b.CreditorName, b.Notice.IUV(), h.PSPName, h.PSPCode, p.Activation.Bills[0].Token, b.Subject, b.Notice.Grouped(),
			p.Result.STAN, p.Result.TerminalID, p.Ref, string(p.ID),
		} {
			if want == "" || !strings.Contains(dump, want) {
				t.Errorf("%s: %q is missing in %s", lang, want, dump)
			}
		}
	}
}
