package operator

// What the tests of this package stand on: a book with a day's work in it, on the
// database that the process tests, a clock that is moved by hand, and a browser
// that keeps cookies.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/pgtest"
)

const bookEnv = "JOLLY_TEST_BOOK"

// postgres is the server of this process; nil when the books are files.
var postgres struct {
	server *pgtest.Server
	made   atomic.Int64
}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(bookEnv) != "postgres" {
		return runOnFiles(m)
	}
	server, err := pgtest.New(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	postgres.server = server
	if err := makeTemplate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// templateFile is an empty book in a file: copying it is quicker than making one.
var templateFile string

func runOnFiles(m *testing.M) int {
	dir, err := os.MkdirTemp("", "operator-template-")
	if err == nil {
		defer os.RemoveAll(dir)
		templateFile = filepath.Join(dir, "book.db")
		err = emptyBook(context.Background(), templateFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func emptyBook(ctx context.Context, url string) error {
	s, err := gateway.Open(ctx, url, gateway.StoreConfig{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return s.Close()
}

// templateBook is an empty book of the newest form, of which every test gets a copy.
const templateBook = "operator_template"

func makeTemplate(ctx context.Context) error {
	if err := postgres.server.Create(ctx, templateBook, ""); err != nil {
		return err
	}
	return emptyBook(ctx, postgres.server.URL(templateBook))
}

// TestOnPostgreSQL is what reads and changes the book again, on a real server.
func TestOnPostgreSQL(t *testing.T) {
	if postgres.server != nil {
		return // it is this process
	}
	t.Parallel()
	args := []string{"-test.run=Fleet|Payment|Doubt|Refund|Alarms|Reports|Bank|Catalogue|Enrolled|Admins|Own|ACode|Tries|SessionsEnd"}
	for _, name := range []string{"test.timeout", "test.shuffle"} {
		args = append(args, "-"+name+"="+flag.Lookup(name).Value.String())
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), bookEnv+"=postgres")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("on PostgreSQL: %v\n%s", err, out)
	}
}

func newBookURL(t testing.TB) string {
	t.Helper()
	if postgres.server == nil {
		book, err := os.ReadFile(templateFile)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "book.db")
		if err := os.WriteFile(path, book, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	name := fmt.Sprintf("operator_%d", postgres.made.Add(1))
	if err := postgres.server.Create(t.Context(), name, templateBook); err != nil {
		t.Fatal(err)
	}
	return postgres.server.URL(name)
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a gateway's book and its operators' pages.
type house struct {
	t      testing.TB
	url    string // of the book
	store  *gateway.Store
	clock  *clock
	server *httptest.Server
	given  map[string]Given

	sequence map[string]int64
	paid     api.Activation
	doubtful api.Activation
	refund   api.Activation
}

var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

// shipped is the catalogue, read once for all tests: none of them changes it.
var shipped = sync.OnceValues(catalogue.Load)

const fingerprint = "5f1d7e84b1a0e4d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aa"

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, clock: &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}, given: map[string]Given{}, sequence: map[string]int64{}}
	log := slog.New(slog.DiscardHandler)
	h.url = newBookURL(t)
	store, err := gateway.Open(t.Context(), h.url, gateway.StoreConfig{Now: h.clock.now}, log)
	if err != nil {
		t.Fatal(err)
	}
	h.store = store
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := store.Seed(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	handler, err := NewHandler(store, Config{Cost: cheap, Now: h.clock.now, Fingerprint: fingerprint, Gateway: "https://centrale.example.it:8480", Catalogue: c}, log)
	if err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(handler)
	t.Cleanup(h.server.Close)
	for name, role := range map[string]gateway.Role{"vera": gateway.RoleViewer, "oreste": gateway.RoleOperator, "ada": gateway.RoleAdmin} {
		h.addOperator(name, role)
	}
	return h
}

func (h *house) addOperator(name string, role gateway.Role) {
	h.t.Helper()
	g, s, err := NewSecrets(name, cheap)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.store.AddOperator(h.t.Context(), gateway.Operator{Name: name, Role: role, Secrets: s}, gateway.Action{Operator: "console", Action: "operator.add", Object: name}); err != nil {
		h.t.Fatal(err)
	}
	h.given[name] = g
}

// code is a TOTP code of this moment.
func (h *house) code(name string) string {
	h.t.Helper()
	c, err := totp.GenerateCode(h.given[name].TOTP, h.clock.now())
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// work fills the book: payments that ended in every way, a gap, a parked row, an
// alarm, a refund case, a doubt.
func (h *house) work() *house {
	h.t.Helper()
	h.clock.add(-24 * time.Hour)
	late := h.activate("prato-002", "meals")
	h.clock.add(23 * time.Hour)
	h.paid = h.activate("prato-001", "meals")
	h.push("prato-001", h.row("prato-001", kiosk.RowPaid, h.paid, kiosk.Charged, "7K4P-22"), h.row("prato-001", kiosk.RowReceiptDone, h.paid, kiosk.Charged, "7K4P-22"))
	h.push("prato-002", h.row("prato-002", kiosk.RowPaid, late, kiosk.Charged, "M2QX-71"))
	h.refund = late
	h.doubtful = h.activate("prato-003", "tia")
	h.push("prato-003", h.row("prato-003", kiosk.RowDoubtful, h.doubtful, kiosk.Unknown, "C9LT-05"))
	refused := h.activate("prato-001", "fine-reduced")
	first := h.row("prato-001", kiosk.RowNotPaid, refused, kiosk.Refused, "H3WZ-90")
	h.push("prato-001", first, h.row("prato-001", kiosk.RowPaid, refused, kiosk.Charged, "H3WZ-90"))
	first.Body = strings.Replace(first.Body, "declined", "cancelled", 1)
	h.push("prato-001", sealed(first))
	h.sequence["prato-004"] = 3
	h.push("prato-004", h.row("prato-004", kiosk.RowNotPaid, h.activate("prato-004", "long-subject"), kiosk.Refused, "T5RB-38"))
	h.activate("prato-005", "tari-late")
	watch := gateway.NewWatch(h.store, gateway.WatchConfig{}, slog.New(slog.DiscardHandler))
	h.clock.add(time.Hour - 10*time.Minute)
	h.beat("prato-006", "resting", 0)
	h.clock.add(10 * time.Minute)
	h.beat("prato-002", "in-use", 2)
	h.beat("prato-007", "resting", 0, api.DeviceReport{Device: "printer", Status: "KO", Reason: "paper-out"})
	h.beat("prato-008", "resting", 0, api.DeviceReport{Device: "card-reader", Status: "WARNING", Reason: "offline"})
	if err := watch.Look(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return h
}

// beat is a kiosk that says how it is.
func (h *house) beat(kioskID, state string, waiting int, ill ...api.DeviceReport) {
	h.t.Helper()
	b := api.Heartbeat{
		Kiosk: kioskID, State: api.KioskState(state), Program: "1.0.0", Catalogue: "2026-11-22.1", Now: h.clock.now().UnixMilli(), UpSeconds: 7200, ClockTrusted: true,
		Backlog: api.Backlog{Rows: waiting, OldestSeconds: 40 * waiting}, Problems: []api.ProblemReport{}, Devices: ill,
	}
	if kioskID == "prato-008" {
		b.Problems = []api.ProblemReport{{Code: "clock", Detail: "the clock is not known to be right; papers say so"}}
	}
	for _, d := range []string{"scanner", "card-reader", "terminal", "printer", "gateway"} {
		if !slices.ContainsFunc(ill, func(x api.DeviceReport) bool { return x.Device == d }) {
			b.Devices = append(b.Devices, api.DeviceReport{Device: d, Status: "OK"})
		}
	}
	if _, err := h.store.Heartbeat(h.t.Context(), b); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) activate(kioskID, name string) api.Activation {
	h.t.Helper()
	for _, s := range gateway.Samples() {
		if s.Name != name {
			continue
		}
		id, err := uuid.NewV7()
		if err != nil {
			h.t.Fatal(err)
		}
		a, err := h.store.Activate(h.t.Context(), id.String(), api.ActivationRequest{Kiosk: kioskID, Bills: []api.WantedBill{
			{BillID: "debt-" + s.Name, Notice: string(s.Notice), Creditor: string(s.Creditor), Amount: s.Amount.Cents()}}})
		if err != nil {
			h.t.Fatal(err)
		}
		return a
	}
	h.t.Fatalf("no sample %q", name)
	return api.Activation{}
}

func (h *house) push(kioskID string, rows ...api.Row) {
	h.t.Helper()
	if _, err := h.store.Push(h.t.Context(), kioskID, rows); err != nil {
		h.t.Fatal(err)
	}
}

// row is one row of a kiosk's outbox.
func (h *house) row(kioskID string, kind kiosk.RowKind, a api.Activation, charge kiosk.Outcome, ref string) api.Row {
	h.t.Helper()
	h.sequence[kioskID]++
	body := map[string]any{"payment": a.Payment, "fee": a.Fee, "total": a.Total, "language": "it", "kiosk": kioskID, "ref": ref}
	var bills []map[string]any
	for _, b := range a.Bills {
		bills = append(bills, map[string]any{"billId": b.BillID, "token": b.Token, "amount": b.Amount, "fee": b.Fee})
	}
	body["bills"] = bills
	if kind == kiosk.RowNotPaid {
		body["reason"] = "declined"
	} else {
		c := kiosk.ChargeResult{Outcome: charge, TerminalID: "31415926", STAN: fmt.Sprintf("%06d", 120+h.sequence[kioskID]), PAN: "************4471"}
		if charge == kiosk.Charged {
			c.Amount = kiosk.Cents(a.Total)
		}
		body["charge"] = c
	}
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	return sealed(api.Row{Sequence: h.sequence[kioskID], ID: uuid.NewString(), Payment: a.Payment, Kind: string(kind), OccurredAt: h.clock.now().UnixMilli(), ClockTrusted: true, Body: string(text)})
}

func sealed(r api.Row) api.Row {
	sum := sha256.Sum256([]byte(r.Body))
	r.Hash = hex.EncodeToString(sum[:])
	return r
}

// reader is one browser.
type reader struct {
	h      *house
	client *http.Client
	page   string // the last one
	status int
	at     string // its path
}

func (h *house) reader() *reader {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &reader{h: h, client: &http.Client{Jar: jar, Timeout: stepTime}}
}

func (r *reader) do(method, path, kind, body string) *reader {
	r.h.t.Helper()
	req, err := http.NewRequestWithContext(r.h.t.Context(), method, r.h.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.h.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.h.t.Fatal(err)
	}
	r.page, r.status, r.at = string(b), resp.StatusCode, resp.Request.URL.Path
	return r
}

func (r *reader) get(path string) *reader { r.h.t.Helper(); return r.do(http.MethodGet, path, "", "") }

var tokenField = regexp.MustCompile(`name="token" value="([0-9a-f]{64})"`)

// token is that of the forms of the last page.
func (r *reader) token() string {
	m := tokenField.FindStringSubmatch(r.page)
	if m == nil {
		return ""
	}
	return m[1]
}

// post sends a form with the token of the last page.
func (r *reader) post(path string, pairs ...string) *reader {
	r.h.t.Helper()
	form := url.Values{"token": {r.token()}}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return r.do(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func (r *reader) want(status int, texts ...string) *reader {
	r.h.t.Helper()
	if r.status != status {
		r.h.t.Errorf("%s: status %d, want %d", r.at, r.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.page, text) && !strings.Contains(html.UnescapeString(r.page), text) {
			r.h.t.Errorf("%s does not say %q:\n%s", r.at, text, visible(r.page))
		}
	}
	return r
}

func (r *reader) wantNot(texts ...string) *reader {
	r.h.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.page, text) {
			r.h.t.Errorf("%s says %q", r.at, text)
		}
	}
	return r
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	blanks = regexp.MustCompile(`\s+`)
)

func visible(page string) string {
	return blanks.ReplaceAllString(tags.ReplaceAllString(page, " "), " ")
}

// login lets an operator in, with a code that was not used before.
func (h *house) login(name string) *reader {
	h.t.Helper()
	h.clock.add(period)
	r := h.reader().get("/op/login")
	r.post("/op/login", "name", name, "password", h.given[name].Password, "code", h.code(name)).want(http.StatusOK, "Chioschi")
	if r.at != "/op/" {
		h.t.Fatalf("%s was not let in: %s", name, visible(r.page))
	}
	return r
}

// actionsOf are the actions of a kind in the book.
func (h *house) actionsOf(kind string) (all []gateway.Action) {
	h.t.Helper()
	list, err := h.store.Actions(h.t.Context(), "", "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range list {
		if a.Action == kind {
			all = append(all, a)
		}
	}
	return all
}
