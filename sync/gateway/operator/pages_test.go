package operator

// Every page, and every act.

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/fleet"
)

func TestTheFleetShowsTheWorstFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("vera")
	r.want(http.StatusOK, "prato-001", "prato-003", "in dubbio", "da guardare", "mancano righe", "1 in dubbio", "3 righe mancano")
	if a, b := strings.Index(r.page, ">prato-003<"), strings.Index(r.page, ">prato-002<"); a > b {
		t.Error("a kiosk in doubt stands behind one in service")
	}
	r.get("/op/kiosks/prato-004").want(http.StatusOK, "da 1 a 3", "non pagato", "mancano righe")
	r.get("/op/kiosks/prato-001").want(http.StatusOK, "ferma", "il pagamento era già chiuso", h.paid.Payment)
	r.get("/op/").want(http.StatusOK, "non risponde", "stampante: carta finita", "lettore carte: non risponde", "in uso", "tutti OK", "1.0.0")
	r.get("/op/kiosks/prato-007").want(http.StatusOK, "Dispositivi", "stampante", "carta finita", "guasto", "POS", "2026-11-22.1")
	r.get("/op/alarms").want(http.StatusOK, "prato-006", "non risponde", "prato-007", "1 volta", "telefona sul posto", "<code>kioskctl printer reload</code>", "confronta con la lista della banca")
	r.get("/op/kiosks/prato-006").want(http.StatusOK, "Che cosa fare", "telefona sul posto", "com'erano all'ultimo contatto")
	r.get("/op/kiosks/prato-007").want(http.StatusOK, "Che cosa fare", "<code>gateway fleet command prato-007 test-page")
	r.get("/op/kiosks/prato-003").want(http.StatusOK, "Che cosa fare", "decidi se la carta")
	r.get("/op/kiosks/prato-002").want(http.StatusOK).wantNot("Che cosa fare")
	r.get("/op/kiosks/prato-008").want(http.StatusOK, "Da vedere sul posto", "L'ora non è sicura")
	r.get("/op/kiosks/none").want(http.StatusNotFound, "non è nel libro")
}

func TestOneKioskJudged(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	word := now.Add(-time.Minute)
	for want, k := range map[string]gateway.KioskView{
		"in servizio": {Rows: 5, Last: 5, Word: word}, "mancano righe": {Rows: 4, Last: 5, Word: word}, "da guardare": {Rows: 4, Last: 5, Word: word, Parked: 1},
		"in dubbio": {Rows: 5, Last: 5, Word: word, Parked: 1, Doubtful: 1}, "mai sentito": {}, "tace": {Rows: 5, Last: 5, Word: now.Add(-25 * time.Hour)},
		"revocato": {Word: word, Doubtful: 1, Enrolled: &gateway.Enrolled{Revoked: now}},
	} {
		if l := judge(k, nil, now); l.State.Word != want {
			t.Errorf("%+v is %q, want %q", k, l.State.Word, want)
		}
	}
}

func TestAKioskJudgedByWhatItSays(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	well := fleet.Kiosk{Seen: now.Add(-time.Minute), State: fleet.Resting, StateSince: now.Add(-time.Hour)}
	with := func(f func(k *fleet.Kiosk)) fleet.Kiosk { k := well; f(&k); return k }
	device := func(name string, s fleet.Status, reason string) []fleet.Device {
		return []fleet.Device{{Name: name, Status: s, Reason: reason, Since: now.Add(-time.Hour)}}
	}
	for want, k := range map[string]fleet.Kiosk{
		"in servizio": well, "in uso": with(func(k *fleet.Kiosk) { k.State = fleet.InUse }), "si avvia": with(func(k *fleet.Kiosk) { k.State = fleet.Starting }),
		"non risponde": with(func(k *fleet.Kiosk) { k.Seen, k.State = now.Add(-time.Hour), fleet.Stuck }), "bloccato": with(func(k *fleet.Kiosk) { k.State = fleet.Stuck }),
		"fuori servizio": with(func(k *fleet.Kiosk) { k.State = fleet.Closed }), "schermo fermo": with(func(k *fleet.Kiosk) { k.Painted = time.Hour }),
		"coda ferma": with(func(k *fleet.Kiosk) { k.Waiting, k.Oldest = 9, time.Hour }), "orologio": with(func(k *fleet.Kiosk) { k.Offset = -time.Hour }),
		"guasto": with(func(k *fleet.Kiosk) { k.Devices = device("terminal", fleet.KO, "offline") }), "non stampa": with(func(k *fleet.Kiosk) { k.Devices = device("printer", fleet.KO, "paper-out") }), "carta": with(func(k *fleet.Kiosk) { k.Devices = device("printer", fleet.Warning, "paper-low") }),
		"avviso": with(func(k *fleet.Kiosk) { k.Devices = device("scanner", fleet.Warning, "x") }), "certificato": with(func(k *fleet.Kiosk) { k.Ends = now.Add(time.Hour) }),
	} {
		l := judge(gateway.KioskView{}, &gateway.FleetKiosk{Kiosk: k}, now)
		if l.State.Word != want {
			t.Errorf("%+v is %q, want %q", k, l.State.Word, want)
		}
	}
}

func TestPaymentsAreSearched(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("vera")
	meals := ""
	for _, s := range gateway.Samples() {
		if s.Name == "meals" {
			meals = string(s.Notice)
		}
	}
	for query, want := range map[string][]string{
		"":                       {h.paid.Payment, h.refund.Payment, h.doubtful.Payment},
		"?q=" + h.paid.Payment:   {h.paid.Payment},
		"?q=c9lt-05":             {h.doubtful.Payment, "in dubbio"},
		"?q=" + meals:            {h.paid.Payment, h.refund.Payment, "da restituire"},
		"?kiosk=prato-003":       {h.doubtful.Payment},
		"?day=2026-11-21":        {h.refund.Payment},
		"?state=in-verification": {h.doubtful.Payment},
		"?q=%3Cscript%3E":        {"Nessun pagamento", "&lt;script&gt;"},
		"?day=2026-11-22&q=H3WZ-90&kiosk=prato-002&state=not-paid": {"Nessun pagamento"},
	} {
		r.get("/op/payments"+query).want(http.StatusOK, want...)
	}
	r.get("/op/payments?kiosk=prato-003").wantNot(h.paid.Payment)
	r.get("/op/payments?day=22/11/2026").want(http.StatusBadRequest, "2026-11-22")
}

func TestOnePaymentIsShownWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("vera")
	r.get("/op/payments/"+h.paid.Payment).want(http.StatusOK, "7K4P-22", "pagato", "63,50", "31415926", "Comune di Prato", "Carte: da incassare", "ricevuta stampata", "62,50", "saldato")
	r.wantNot("4471", h.paid.Bills[0].Token) // nothing of the card, no token
	r.get("/op/payments/"+h.refund.Payment).want(http.StatusOK, "Da restituire", "già pagato")
	r.get("/op/payments/01a201c5-7fac-70e1-9744-03b6e6a0a000").want(http.StatusNotFound, sayUnknown)
	r.get("/op/payments/x").want(http.StatusNotFound)
}

func TestADoubtIsDecided(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[kiosk.Outcome]api.PaymentState{kiosk.Charged: api.PaymentStatePaid, kiosk.Refused: api.PaymentStateNotPaid} {
		h := newHouse(t).work()
		r, path := h.login("oreste"), "/op/payments/"+h.doubtful.Payment
		for _, wrong := range [][]string{{}, {"outcome", "unknown", "sure", "yes"}, {"outcome", "charged", "stan", "000123"}, {"outcome", "charged", "stan", "12", "sure", "yes"}} {
			r.get(path).want(http.StatusOK, "Decidi il dubbio").post(path+"/decide", wrong...).want(http.StatusUnprocessableEntity)
		}
		if n := len(h.actionsOf("payment.decide")); n != 0 {
			t.Errorf("%d decisions are written", n)
		}
		r.get(path).post(path+"/decide", "outcome", string(outcome), "stan", "000123", "sure", "yes").want(http.StatusOK, "Deciso", "decide un dubbio", "oreste").wantNot("Decidi il dubbio")
		got, err := h.store.Payment(t.Context(), h.doubtful.Payment)
		if err != nil || got.State != want {
			t.Errorf("%s: %+v %v", outcome, got, err)
		}
		all := h.actionsOf("payment.decide")
		if len(all) != 1 || all[0].Operator != "oreste" || all[0].Object != h.doubtful.Payment || all[0].Refused {
			t.Errorf("written: %+v", all)
		}
		r.post(path+"/decide", "outcome", "refused", "sure", "yes").want(http.StatusConflict, "non è più in dubbio")
	}
}

func TestARefundIsSettled(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("oreste")
	form := []string{"payment", h.refund.Payment, "bill", h.refund.Bills[0].BillID, "reference", "CRO 0123456789"}
	r.get("/op/cases").want(http.StatusOK, "Rimborsi da saldare: 93,90", "M2QX-71", "avviso già pagato altrove", "addebito di un pagamento già chiuso")
	r.post("/op/cases/settle", append(form[:4:4], "reference", "x")...).want(http.StatusUnprocessableEntity, "CRO o TRN")
	r.post("/op/cases/settle", "payment", h.paid.Payment, "bill", h.paid.Bills[0].BillID, "reference", "CRO 0123456789").want(http.StatusUnprocessableEntity, "nulla da restituire")
	r.post("/op/cases/settle", form...).want(http.StatusOK, "Rimborso saldato", "CRO 0123456789", "oreste")
	r.post("/op/cases/settle", form...).want(http.StatusUnprocessableEntity, "già saldato")
	balances, err := h.store.Balances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range balances {
		if b.Account == "refunds" && b.Balance != 0 {
			t.Errorf("still owed: %+v", b)
		}
	}
	done := 0
	for _, a := range h.actionsOf("refund.settle") {
		if !a.Refused {
			done++
		}
	}
	if done != 1 {
		t.Errorf("written as done: %d", done)
	}
	r.get("/op/payments/"+h.refund.Payment).want(http.StatusOK, "CRO 0123456789", "Restituito con bonifico")
}

func TestAlarmsAreAcknowledged(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("oreste")
	open, err := h.store.Notices(t.Context(), false, 10)
	if err != nil || len(open) != 2 {
		t.Fatalf("%+v %v", open, err)
	}
	r.get("/op/alarms").want(http.StatusOK, "il pagamento era già chiuso", "stesso codice, contenuto diverso", "ferma", "non tenuta")
	r.post("/op/alarms/seen", "alarm", open[0].ID, "note", " ").want(http.StatusUnprocessableEntity, "Scrivi che cosa")
	r.post("/op/alarms/seen", "alarm", open[0].ID, "note", "visto con il manutentore").want(http.StatusOK, "Presa nota", "visto con il manutentore", "oreste")
	r.post("/op/alarms/seen", "alarm", open[0].ID, "note", "ancora").want(http.StatusConflict)
	r.get("/op/").want(http.StatusOK, "1 da guardare")
}

func TestAPaymentThatWasGivenUpIsShownAsSuch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	gone := h.activate("prato-005", "tari-late")
	h.clock.add(100 * time.Hour)
	r := h.login("oreste")
	r.get("/op/payments/"+gone.Payment).want(http.StatusOK, "scaduto", "ancora aperto")
	if n, err := h.store.Expire(t.Context(), gateway.ExpiryConfig{}); err != nil || n != 1 {
		t.Fatalf("closed %d, %v", n, err)
	}
	r.get("/op/payments/"+gone.Payment).want(http.StatusOK, "scaduto", "annullato", "Il chiosco non ha mai detto come è finito")
	if strings.Contains(r.page, "ancora aperto") {
		t.Error("it is shown as open")
	}
	r.get("/op/payments?state=expired").want(http.StatusOK, gone.Payment)
	r.get("/op/alarms").want(http.StatusOK, "chiuso come non pagato: il chiosco tace", gone.Payment)
	if strings.Contains(r.page, "non tenuta") {
		t.Error("an alarm without a row says that a row was not kept")
	}
	h.push("prato-005", h.row("prato-005", kiosk.RowPaid, gone, kiosk.Charged, "7K4P-22")) // and there it is
	r.get("/op/payments/"+gone.Payment).want(http.StatusOK, "pagato", "saldato")
}

func TestReportsAndTheirPayments(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("vera")
	const days = "&from=2026-11-21&to=2026-11-22"
	r.get("/op/reports").want(http.StatusOK, "Rendiconto per ente e giorno", `value="2026-11-21"`)
	r.get("/op/reports?name=settlement"+days).want(http.StatusOK, "Comune di Prato", "62,50", "Totale", "22/11/2026")
	r.get("/op/reports?name=commissions"+days).want(http.StatusOK, "cittadini", "1,00")
	r.get("/op/reports?name=zero"+days).want(http.StatusOK, "quadra", "Carte: da incassare", "all'ente 84006890481")
	r.get("/op/reports?name=match"+days).want(http.StatusOK, "quadra", "senza il file della banca")
	link := r.get("/op/reports?name=settlement" + days).page
	at := strings.Index(link, "/op/reports/payments?")
	if at < 0 {
		t.Fatal("no way to the payments")
	}
	path := link[at : at+strings.IndexByte(link[at:], '"')]
	r.get(html.UnescapeString(path)).want(http.StatusOK, h.paid.Payment, "7K4P-22").wantNot(h.doubtful.Payment)
	r.get("/op/reports/payments?name=settlement&row=none" + days).want(http.StatusNotFound)
	for form, begin := range map[string]string{"csv": "day,creditor", "xml": "<?xml", "pdf": "%PDF-"} {
		r.get("/op/reports/file?name=settlement&form=" + form + days).want(http.StatusOK)
		if !strings.HasPrefix(r.page, begin) {
			t.Errorf("%s begins %.20q", form, r.page)
		}
	}
	r.get("/op/reports/file?name=settlement&form=exe" + days).want(http.StatusNotFound)
	for _, bad := range []string{"&from=x", "&from=2026-11-22&to=2026-11-01", "&from=2020-01-01&to=2026-01-01"} {
		r.get("/op/reports?name=zero"+bad).want(http.StatusBadRequest, "al massimo un anno")
		r.get("/op/reports/file?name=zero&form=csv" + bad).want(http.StatusBadRequest)
	}
	if all := h.actionsOf("report.file"); len(all) != 4 || all[0].Operator != "vera" {
		t.Errorf("written: %+v", all)
	}
}

func upload(t *testing.T, token, form, file string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range map[string]string{"token": token, "from": "2026-11-22", "to": "2026-11-22", "form": form} {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		f, err := w.CreateFormFile("bank", "banca.csv")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(f, file)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestTheBanksFileIsMatched(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("vera")
	send := func(form, file string) *reader {
		r.get("/op/reports")
		kind, body := upload(t, r.token(), form, file)
		return r.do(http.MethodPost, "/op/reports/match", kind, body)
	}
	const file = "terminal;stan;amount\n31415926;000121;63,50\n99999999;000001;5,00\n"
	send("html", file).want(http.StatusOK, "non quadra", "solo in banca", "5,00", "prato-001")
	send("xml", file).want(http.StatusOK, "<report", "solo in banca")
	var read struct {
		Failed bool `xml:"failed,attr"`
	}
	if err := xml.Unmarshal([]byte(r.page), &read); err != nil || !read.Failed {
		t.Errorf("%v %+v", err, read)
	}
	send("html", "").want(http.StatusUnprocessableEntity, "Scegli il file")
	send("html", "a,b\n1,2\n").want(http.StatusUnprocessableEntity, "non si legge")
	kind, body := upload(t, "wrong", "html", file)
	r.do(http.MethodPost, "/op/reports/match", kind, body).want(http.StatusForbidden, "modulo")
}

func TestTheCatalogueIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.login("vera").get("/op/catalogue").want(http.StatusOK, "in vigore", "Comune di Pisa", "toscana-bollo", "modulo")
}

func TestAKioskIsEnrolledAndRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.login("oreste")
	r.get("/op/enrol?kiosk=prato-001").want(http.StatusOK, `value="prato-001"`, "https://centrale.example.it:8480")
	for _, wrong := range [][]string{{"kiosk", "prato-009", "gateway", "http://x"}, {"kiosk", "prato 009", "gateway", "https://x:1"}, {"kiosk", "", "gateway", "https://x:1"}} {
		r.get("/op/enrol").post("/op/enrol", wrong...).want(http.StatusUnprocessableEntity).wantNot("tserve-enrol")
	}
	r.get("/op/enrol").post("/op/enrol", "kiosk", "prato-009", "gateway", "https://centrale.example.it:8480").want(http.StatusOK, "tserve-enrol.1.", fingerprint, "<path d=", "10:0")
	r.get("/op/enrol").want(http.StatusOK, "prato-009", "attende").wantNot("tserve-enrol.1.")
	r.get("/op/kiosks/prato-009").want(http.StatusOK, "codice non ancora usato", "mai sentito")
	r.get("/op/enrol").post("/op/enrol/revoke", "kiosk", "prato-009", "reason", "rubato").want(http.StatusUnprocessableEntity)
	r.get("/op/enrol").post("/op/enrol/revoke", "kiosk", "prato-009", "reason", "rubato", "sure", "yes").want(http.StatusOK, "Revocato")
	r.get("/op/enrol").post("/op/enrol/revoke", "kiosk", "none", "reason", "rubato", "sure", "yes").want(http.StatusNotFound)
	if a, b := len(h.actionsOf("kiosk.enrol")), len(h.actionsOf("kiosk.revoke")); a != 1 || b != 3 {
		t.Errorf("written: %d %d", a, b)
	}
}

func TestAdminsKeepTheOperators(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.login("ada")
	ada.get("/op/operators").want(http.StatusOK, "vera", "oreste", "sei tu")
	ada.post("/op/operators/add", "name", "Bruno", "role", "operator").want(http.StatusOK, "Credenziali di bruno", "<path d=", "Password")
	secret := ada.page
	ada.get("/op/operators").want(http.StatusOK, "bruno").wantNot("Credenziali di")
	h.given["bruno"] = Given{Password: between(t, secret, "Password</p><code>", "</code>"), TOTP: between(t, secret, "non si legge</p><code>", "</code>")}
	bruno := h.login("bruno")
	for _, wrong := range [][]string{{"name", "bruno", "role", "viewer"}, {"name", "B", "role", "viewer"}, {"name", "carla", "role", "root"}} {
		ada.get("/op/operators").post("/op/operators/add", wrong...).want(http.StatusUnprocessableEntity)
	}
	ada.get("/op/operators").post("/op/operators/reset", "name", "bruno").want(http.StatusOK, "Credenziali di bruno")
	if bruno.get("/op/me"); bruno.at != "/op/login" {
		t.Error("a session outlives the reset")
	}
	ada.get("/op/operators").post("/op/operators/disable", "name", "bruno").want(http.StatusOK, "Disabilitato", "disabilitato")
	ada.post("/op/operators/disable", "name", "ada").want(http.StatusUnprocessableEntity, "sé stessi")
	ada.get("/op/operators").post("/op/operators/reset", "name", "ada").want(http.StatusUnprocessableEntity, "sé stessi")
	ada.get("/op/operators").post("/op/operators/disable", "name", "none").want(http.StatusUnprocessableEntity, "un operatore con questo nome")
	ada.get("/op/actions").want(http.StatusOK, "aggiunge un operatore", "bruno", "127.0.0.1", "rifiutato", "entra")
	ada.get("/op/actions?of=bruno").want(http.StatusOK, "entra").wantNot("aggiunge un operatore")
}

func between(t *testing.T, s, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(s, from)
	text, _, found := strings.Cut(rest, to)
	if !ok || !found {
		t.Fatalf("no %q", from)
	}
	return text
}

func TestOnesOwnPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	vera, elsewhere := h.login("vera"), h.login("vera")
	const next = "una password più lunga"
	for _, wrong := range [][]string{{"now", "wrong", "next", next, "again", next}, {"now", h.given["vera"].Password, "next", "corta", "again", "corta"}, {"now", h.given["vera"].Password, "next", next, "again", next + "x"}} {
		vera.get("/op/me").post("/op/me/password", wrong...).want(http.StatusUnprocessableEntity)
	}
	vera.get("/op/me").post("/op/me/password", "now", h.given["vera"].Password, "next", next, "again", next).want(http.StatusOK, "Password cambiata")
	if elsewhere.get("/op/me"); elsewhere.at != "/op/login" {
		t.Error("the other session lives on")
	}
	g := h.given["vera"]
	g.Password = next
	h.given["vera"] = g
	h.login("vera")
	for range freeOfAccount + 1 {
		vera.get("/op/me").post("/op/me/password", "now", "wrong", "next", next, "again", next)
	}
	vera.want(http.StatusTooManyRequests, "Troppi tentativi")
}

func TestStaticFiles(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.reader()
	for _, name := range []string{"style.css", "page.js", "400.ttf", "600.ttf", "700.ttf", "arms.svg"} {
		if r.get("/op/static/" + name).want(http.StatusOK); len(r.page) < 100 {
			t.Errorf("%s: %d bytes", name, len(r.page))
		}
	}
	for _, name := range []string{"", "none.css", "../templates/login.html", "..%2f..%2foperator.go", "../../../go.svg"} {
		if r.get("/op/static/" + name); r.status == http.StatusOK && r.at != "/op/login" {
			t.Errorf("%q: %d at %s", name, r.status, r.at)
		}
	}
}

func TestABookThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.login("ada")
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/op/", "/op/payments", "/op/cases", "/op/reports?name=zero", "/op/operators"} {
		if r.get(path); r.status < 500 || strings.Contains(r.page, "sql") {
			t.Errorf("%s: %d %s", path, r.status, visible(r.page))
		}
	}
}

func TestWords(t *testing.T) {
	for a, want := range map[kiosk.Amount]string{0: "0,00\u00a0€", 5: "0,05\u00a0€", 123456789: "1.234.567,89\u00a0€", -6350: "−63,50\u00a0€"} {
		if got := euro(a); got != want {
			t.Errorf("%d: %q", a, got)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 3 * time.Hour: "3 ore", 50 * time.Hour: "2 giorni"} {
		if got := span(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
