package operator

// Who gets in, and who does not.

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tserve/jolly/sync/gateway"
)

func TestPasswords(t *testing.T) {
	h := cheap.Hash("correct horse battery")
	if !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash %s", h)
	}
	if cheap.Hash("correct horse battery") == h {
		t.Error("no salt")
	}
	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batterY": false, "": false} {
		if ok, err := verify(h, password); ok != want || err != nil {
			t.Errorf("%q: %v %v", password, ok, err)
		}
	}
	for _, not := range []string{"", "plain", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=18$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=64,t=1,p=1$!$AAAA", "$argon2id$v=19$m=64,t=1,p=1$AAAA$"} {
		if ok, err := verify(not, "x"); ok || err == nil {
			t.Errorf("%q is a hash", not)
		}
	}
	if c := DefaultCost(); c.Memory < 64<<10 || c.Passes < 3 {
		t.Errorf("too cheap: %+v", c)
	}
	for password, ok := range map[string]bool{"short": false, "quattordici aa": true, strings.Repeat("x", 257): false} {
		if (CheckPassword(password) == nil) != ok {
			t.Errorf("%q: %v", password, !ok)
		}
	}
}

func TestCodesBelongToTheirTime(t *testing.T) {
	h := &house{t: t, clock: &clock{at: time.Unix(1_800_000_015, 0)}, given: map[string]Given{}}
	g, _, err := NewSecrets("rossi", cheap)
	if err != nil {
		t.Fatal(err)
	}
	h.given["rossi"] = g
	if s := fmt.Sprintf("%v %+v", g, g); strings.Contains(s, g.Password) {
		t.Errorf("printed: %s", s)
	}
	code, now := h.code("rossi"), h.clock.now()
	for off, want := range map[time.Duration]bool{0: true, period: true, -period: true, 2 * period: false, -2 * period: false} {
		step, ok := stepOf(g.TOTP, code, now.Add(off))
		if ok != want || ok && step != now.Unix()/30 {
			t.Errorf("%v later: %v, step %d", off, ok, step)
		}
	}
	for _, no := range []string{"", "12345", "abcdef", "1234567"} {
		if _, ok := stepOf(g.TOTP, no, now); ok {
			t.Errorf("%q is a code", no)
		}
	}
}

func TestWithoutASessionNothingIsShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	for _, path := range []string{"/op/", "/op/payments", "/op/payments/" + h.paid.Payment, "/op/kiosks/prato-001", "/op/cases", "/op/alarms", "/op/reports", "/op/reports/file?form=csv",
		"/op/catalogue", "/op/enrol", "/op/operators", "/op/actions", "/op/me"} {
		r := h.reader().get(path).want(http.StatusOK, "Entra", "Password").wantNot("7K4P-22", "63,50", "Chioschi")
		if r.at != "/op/login" {
			t.Errorf("%s led to %s", path, r.at)
		}
	}
	for _, path := range []string{"/op/logout", "/op/payments/" + h.doubtful.Payment + "/decide", "/op/cases/settle", "/op/alarms/seen", "/op/reports/match", "/op/enrol", "/op/enrol/revoke",
		"/op/operators/add", "/op/operators/reset", "/op/operators/disable", "/op/me/password"} {
		h.reader().post(path, "outcome", "refused", "sure", "yes").want(http.StatusUnauthorized, "entra di nuovo")
	}
	h.reader().get("/op/nothing").want(http.StatusNotFound)
	h.reader().do(http.MethodDelete, "/op/cases", "", "").want(http.StatusMethodNotAllowed)
}

func TestTheWayBackStaysHere(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	r := h.reader().get("/op/payments?q=7K4P-22")
	if !strings.Contains(r.page, `name="next" value="/op/payments?q=7K4P-22"`) {
		t.Errorf("the way back is lost:\n%s", r.page)
	}
	r.post("/op/login", "name", "Vera ", "password", h.given["vera"].Password, "code", h.code("vera"), "next", "/op/payments?q=7K4P-22").want(http.StatusOK, h.paid.Payment)
	for next, want := range map[string]string{"//evil.example/op/": "", "https://evil.example/op/": "", "/elsewhere": "", "/op/login?next=/op/": "", "/op/cases": "/op/cases", "/op/../x": "/op/../x"} {
		if got := local(next); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func TestWrongPasswordsAndCodesAreRefusedAlike(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	code, pass := h.code("vera"), h.given["vera"].Password
	pages := map[string]bool{}
	for _, try := range [][3]string{{"vera", "wrong", code}, {"vera", pass, "000000"}, {"nobody", pass, code}, {"vera", pass, ""}} {
		r := h.reader().get("/op/login")
		r.post("/op/login", "name", try[0], "password", try[1], "code", try[2]).want(http.StatusUnauthorized, "non sono giusti").wantNot(pass)
		pages[visible(r.page)] = true
	}
	if len(pages) != 1 {
		t.Errorf("a refusal tells what was wrong: %v", pages)
	}
	var told []string
	for _, a := range h.actionsOf("login") {
		if !a.Refused || a.Address != "127.0.0.1" {
			t.Errorf("%+v", a)
		}
		told = append(told, a.Operator)
	}
	if strings.Join(told, " ") != "vera  vera vera" {
		t.Errorf("written of: %q", told)
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.login("vera")
	r := h.reader().get("/op/login")
	r.post("/op/login", "name", "vera", "password", h.given["vera"].Password, "code", h.code("vera")).want(http.StatusUnauthorized, "non sono giusti")
	h.clock.add(-period) // an older one that was never used
	r.get("/op/login").post("/op/login", "name", "vera", "password", h.given["vera"].Password, "code", h.code("vera")).want(http.StatusUnauthorized)
	h.clock.add(2 * period)
	r.get("/op/login").post("/op/login", "name", "vera", "password", h.given["vera"].Password, "code", h.code("vera")).want(http.StatusOK, "Chioschi")
}

func TestTriesLockTheAccountAndTheAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	try := func(name, password string) *reader {
		r := h.reader().get("/op/login")
		return r.post("/op/login", "name", name, "password", password, "code", h.code("vera"))
	}
	for range freeOfAccount {
		try("vera", "wrong").want(http.StatusUnauthorized)
	}
	try("vera", h.given["vera"].Password).want(http.StatusTooManyRequests, "Riprova tra 1 min") // even with what is right
	try("oreste", "wrong").want(http.StatusUnauthorized)
	h.clock.add(firstLock)
	try("vera", "wrong").want(http.StatusUnauthorized)
	try("vera", "wrong").want(http.StatusTooManyRequests, "Riprova tra 2 min")
	for i := freeOfAccount + 2; i < freeOfAddress; i++ {
		try(fmt.Sprintf("nobody-%d", i), "wrong").want(http.StatusUnauthorized)
	}
	try("ada", "wrong").want(http.StatusTooManyRequests)
	h.clock.add(2 * firstLock)
	h.login("vera")
	try("vera", "wrong").want(http.StatusUnauthorized)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.login("vera")
	h.clock.add(14 * time.Minute)
	r.get("/op/cases").want(http.StatusOK, "Casi")
	h.clock.add(15 * time.Minute)
	r.get("/op/cases").want(http.StatusOK, "La sessione è finita")
	r = h.login("vera")
	for range 8 * 6 {
		h.clock.add(10 * time.Minute)
		r.get("/op/me")
	}
	if r.at != "/op/login" {
		t.Errorf("lives for ever: %s", r.at)
	}
	r = h.login("vera")
	r.post("/op/logout").want(http.StatusOK, "Sei uscito")
	if r.get("/op/me"); r.at != "/op/login" {
		t.Errorf("lives after the logout: %s", r.at)
	}
	r = h.login("vera")
	if err := h.store.DisableOperator(t.Context(), "vera", gateway.Action{}); err != nil {
		t.Fatal(err)
	}
	if r.get("/op/me"); r.at != "/op/login" {
		t.Errorf("lives though disabled: %s", r.at)
	}
}

func TestCookiesAndHeaders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.login("vera")
	resp, err := r.client.Get(h.server.URL + "/op/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"} {
		if got := resp.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") {
		t.Errorf("CSP %s", csp)
	}
	for _, inline := range []string{"<style", " style=", "onclick", "<script>"} {
		r.wantNot(inline)
	}
	p := &pages{cfg: Config{Secure: true}}
	for _, secure := range []bool{true, false} {
		p.cfg.Secure = secure
		w := &headers{http.Header{}}
		p.setCookie(w, p.cookie(), "x", time.Hour)
		got := w.h.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=3600"} {
			if !strings.Contains(got, want) {
				t.Errorf("cookie %s", got)
			}
		}
		if strings.Contains(got, "Secure") != secure || strings.HasPrefix(got, "__Host-") != secure {
			t.Errorf("secure %v: cookie %s", secure, got)
		}
	}
}

type headers struct{ h http.Header }

func (w *headers) Header() http.Header       { return w.h }
func (w *headers) Write([]byte) (int, error) { return 0, nil }
func (w *headers) WriteHeader(int)           {}

// What each role is refused, and that it is written.
func TestRolesAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	vera, oreste := h.login("vera"), h.login("oreste")
	for _, path := range []string{"/op/enrol", "/op/operators", "/op/actions"} {
		vera.get(path).want(http.StatusForbidden, "ruolo")
	}
	for _, path := range []string{"/op/operators", "/op/actions"} {
		oreste.get(path).want(http.StatusForbidden, "ruolo")
	}
	act := []string{"outcome", "refused", "sure", "yes", "payment", h.refund.Payment, "bill", h.refund.Bills[0].BillID, "reference", "CRO123456", "name", "ada", "role", "admin", "kiosk", "prato-001", "gateway", "https://x:1", "reason", "x", "note", "x"}
	for _, path := range []string{"/op/payments/" + h.doubtful.Payment + "/decide", "/op/cases/settle", "/op/alarms/seen", "/op/enrol", "/op/enrol/revoke", "/op/operators/add", "/op/operators/reset", "/op/operators/disable"} {
		vera.get("/op/me").post(path, act...).want(http.StatusForbidden, "ruolo")
	}
	for _, path := range []string{"/op/operators/add", "/op/operators/reset", "/op/operators/disable"} {
		oreste.get("/op/me").post(path, act...).want(http.StatusForbidden, "ruolo")
	}
	if n := len(h.actionsOf("role")); n != 3+2+8+3 {
		t.Errorf("%d refusals are written", n)
	}
	if c, err := h.store.OpenCases(t.Context()); err != nil || c.Doubtful == 0 || c.Refunds == 0 {
		t.Errorf("something was done: %+v %v", c, err)
	}
	vera.get("/op/payments/" + h.doubtful.Payment).wantNot("Decidi il dubbio")
	vera.get("/op/cases").wantNot(">Salda<")
	vera.get("/op/").wantNot("Operatori", "Attiva un chiosco")
}

// A form without the session's token, or with another's, or from another site.
func TestForeignFormsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	ada, oreste := h.login("ada"), h.login("oreste")
	path := "/op/payments/" + h.doubtful.Payment + "/decide"
	oreste.get("/op/me")
	ada.get("/op/me")
	for name, token := range map[string]string{"none": "", "another session's": ada.token(), "damaged": "0" + oreste.token()[1:]} {
		if name == "damaged" && token == oreste.token() {
			token = "1" + token[1:]
		}
		oreste.post(path, "token", token, "outcome", "refused", "sure", "yes").want(http.StatusForbidden, "modulo")
		oreste.get("/op/me")
		_ = name
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+path, strings.NewReader("outcome=refused&sure=yes&token="+oreste.token()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := oreste.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %s", resp.Status)
	}
	h.reader().do(http.MethodPost, "/op/login", "application/x-www-form-urlencoded", "name=vera&password="+h.given["vera"].Password+"&code="+h.code("vera")).want(http.StatusForbidden, "modulo")
	if c, err := h.store.OpenCases(t.Context()); err != nil || c.Doubtful != 2 {
		t.Errorf("something was done: %+v %v", c, err)
	}
	oreste.get("/op/me").do(http.MethodPost, path, "application/x-www-form-urlencoded", "token="+strings.Repeat("x", maxForm)).want(http.StatusRequestEntityTooLarge)
}

// A gateway without the key says so to whoever wants to get in, and tells nobody else.
func TestALostKeyIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other, err := gateway.Open(t.Context(), h.url, gateway.StoreConfig{OperatorsKey: bytes.Repeat([]byte{7}, gateway.OperatorsKeySize)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	r := h.reader().get("/op/login")
	r.post("/op/login", "name", "vera", "password", h.given["vera"].Password, "code", h.code("vera")).want(http.StatusServiceUnavailable, "le manca la chiave")
}
