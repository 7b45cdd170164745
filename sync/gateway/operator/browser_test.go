package operator

// The pages in a real browser: Debian's chromium, without a window. With
// JOLLY_SHOTS=DIR every page is also written as a picture, wide and as on a phone.

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tserve/jolly/sync/api"
)

// stepTime is the longest that one step of the browser may take. The steps of a
// test have no limit together: how long they take says how busy the machine is,
// and nothing of the pages.
const stepTime = 2 * time.Minute

// window is one browser window, and what it complained of.
type window struct {
	t    *testing.T
	h    *house
	ctx  context.Context
	said chan string
}

// profile is a directory for one browser. Its helpers live a moment longer than the
// browser, and write until they go: what is removed can come back.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "jolly-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		late, tick := time.After(stepTime), time.NewTicker(20*time.Millisecond)
		defer tick.Stop()
		for err := os.RemoveAll(dir); err != nil; err = os.RemoveAll(dir) {
			select {
			case <-tick.C:
			case <-late:
				t.Errorf("the browser is still there: %v", err)
				return
			}
		}
	})
	return dir
}

func openWindow(t *testing.T, h *house) *window {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v (Debian: chromium)", err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1366, 768),
		chromedp.UserDataDir(profile(t)), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "it-IT"), chromedp.WSURLReadTimeout(stepTime))
	allocator, end := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, closeWindow := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Logf("close the browser: %v", err)
		}
		closeWindow()
		end()
	})
	w := &window{t: t, h: h, ctx: ctx, said: make(chan string, 100)}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded: // broken links, and what the policy stopped
			if !strings.Contains(e.Entry.URL, "favicon") && e.Entry.Level == log.LevelError {
				w.said <- e.Entry.Text + " " + e.Entry.URL
			}
		case *runtime.EventExceptionThrown:
			w.said <- e.ExceptionDetails.Error()
		}
	})
	w.within("start the browser", func(context.Context) error { return chromedp.Run(ctx) }) // its life is the window's, not the step's
	return w
}

// within does one step, and tells on which page it did not end.
func (w *window) within(what string, f func(context.Context) error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, stepTime)
	defer cancel()
	err := f(ctx)
	if err == nil {
		return
	}
	var at, body string
	look, cancelLook := context.WithTimeout(w.ctx, stepTime)
	defer cancelLook()
	if lost := chromedp.Run(look, chromedp.Location(&at), chromedp.Text("body", &body, chromedp.ByQuery)); lost != nil {
		at = lost.Error()
	}
	w.t.Fatalf("%s: %v\nat %s:\n%s", what, err, at, body)
}

func (w *window) run(actions ...chromedp.Action) {
	w.t.Helper()
	w.within("step", func(ctx context.Context) error { return chromedp.Run(ctx, actions...) })
}

func (w *window) open(path string) {
	w.t.Helper()
	w.within("open "+path, func(ctx context.Context) error { return chromedp.Run(ctx, chromedp.Navigate(w.h.server.URL+path)) })
}

// stands waits until nothing on the page moves any more: a click goes to a place,
// and a letter that arrives late moves what was there.
var stands = chromedp.Evaluate(`document.fonts.ready.then(() => true)`, nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) })

// press presses a button that leads to another page, and waits for it.
func (w *window) press(selector string) {
	w.t.Helper()
	w.run(stands)
	w.leads("press "+selector, chromedp.Click(selector, chromedp.ByQuery))
}

// leads does what leads to another page, and waits for it.
func (w *window) leads(what string, action chromedp.Action) {
	w.t.Helper()
	w.within(what, func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, action)
		return err
	})
}

func (w *window) want(texts ...string) {
	w.t.Helper()
	var body, at string
	w.run(chromedp.Location(&at), chromedp.Text("body", &body, chromedp.ByQuery))
	for _, text := range texts {
		if !strings.Contains(body, text) {
			w.t.Errorf("%s does not say %q:\n%s", at, text, body)
		}
	}
}

// quiet says that the browser had nothing to complain of.
func (w *window) quiet() {
	w.t.Helper()
	for {
		select {
		case s := <-w.said:
			w.t.Errorf("the browser says: %s", s)
		default:
			return
		}
	}
}

func (w *window) login(name string) {
	w.t.Helper()
	w.h.clock.add(period)
	w.open("/op/login")
	w.run(chromedp.SendKeys("#name", name, chromedp.ByQuery), chromedp.SendKeys("#password", w.h.given[name].Password, chromedp.ByQuery),
		chromedp.SendKeys("#code", w.h.code(name), chromedp.ByQuery))
	w.press("button.main")
}

// shot writes the page as pictures, where they are asked for.
func (w *window) shot(name string) {
	w.t.Helper()
	dir := os.Getenv("JOLLY_SHOTS")
	if dir == "" {
		return
	}
	for _, x := range []struct {
		kind          string
		width, height int64
	}{{"wide", 1366, 768}, {"phone", 390, 844}} {
		var b []byte
		w.run(emulation.SetDeviceMetricsOverride(x.width, x.height, 1, x.kind == "phone"), chromedp.FullScreenshot(&b, 90))
		if err := os.WriteFile(filepath.Join(dir, name+"-"+x.kind+".png"), b, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.run(emulation.ClearDeviceMetricsOverride())
}

// A day of an operator: he gets in, finds a payment, decides a doubt, settles a
// refund, takes a report home.
func TestBrowserADayOfAnOperator(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	w := openWindow(t, h)
	w.open("/op/payments?kiosk=prato-003")
	w.want("Entra")
	w.shot("login")
	w.login("oreste")
	w.want("Mappa", "prato-003", "in dubbio", "Si aggiorna ogni 30 secondi.")
	w.shot("fleet")
	w.open("/op/payments")
	w.run(chromedp.SendKeys("input[name=q]", "C9LT-05", chromedp.ByQuery))
	w.press("form[role=search] button")
	w.want(h.doubtful.Payment, "in dubbio")
	w.press("a[href='/op/payments/" + h.doubtful.Payment + "']")
	w.want("Decidi il dubbio")
	w.shot("doubt")
	w.run(chromedp.Click("input[value=charged]", chromedp.ByQuery), chromedp.SendKeys("#stan", "000121", chromedp.ByQuery), chromedp.Click("input[name=sure]", chromedp.ByQuery))
	w.press("section.panel button.main")
	w.want("Deciso", "pagato")
	w.shot("decided")
	if p, err := h.store.Payment(t.Context(), h.doubtful.Payment); err != nil || p.State != api.PaymentStatePaid {
		t.Errorf("in the book: %+v %v", p, err)
	}
	w.open("/op/cases")
	w.shot("cases")
	w.run(chromedp.SendKeys("form.settle input[name=reference]", "CRO 0123456789", chromedp.ByQuery))
	w.press("form.settle button")
	w.want("Rimborso saldato", "CRO 0123456789")
	w.open("/op/reports?name=settlement&from=2026-11-21&to=2026-11-22")
	w.want("Comune di Prato", "Totale")
	w.shot("reports")
	if got := w.download("a[href*='form=pdf']"); !strings.HasPrefix(got, "%PDF-") {
		t.Errorf("the report begins %.20q", got)
	}
	w.quiet()
}

// download presses a link to a file and reads what came.
func (w *window) download(selector string) string {
	w.t.Helper()
	dir, done := w.t.TempDir(), make(chan string, 1)
	chromedp.ListenTarget(w.ctx, func(event any) {
		if e, ok := event.(*browser.EventDownloadProgress); ok && e.State == browser.DownloadProgressStateCompleted {
			done <- e.GUID
		}
	})
	w.run(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllowAndName).WithDownloadPath(dir).WithEventsEnabled(true), chromedp.Click(selector, chromedp.ByQuery))
	late := time.NewTimer(stepTime)
	defer late.Stop()
	select {
	case id := <-done:
		b, err := os.ReadFile(filepath.Join(dir, id))
		if err != nil {
			w.t.Fatal(err)
		}
		return string(b)
	case <-late.C:
		w.t.Fatal("no file came")
		return ""
	}
}

// What must be true of every page: one main heading, a label for every field, a
// name for every link and button, no text that is cut off at the side, also on a phone.
const accessible = `(() => {
	const bad = [];
	if (document.documentElement.lang !== "it") bad.push("no language");
	if (document.querySelectorAll("h1").length !== 1) bad.push(document.querySelectorAll("h1").length + " main headings");
	if (!document.querySelector("main")) bad.push("no main");
	for (const f of document.querySelectorAll("input:not([type=hidden]), select"))
		if (!f.labels.length && !f.getAttribute("aria-label") && !f.getAttribute("aria-hidden")) bad.push("no label: " + f.name);
	for (const a of document.querySelectorAll("a, button"))
		if (!a.textContent.trim() && !a.getAttribute("aria-label")) bad.push("no name: " + a.outerHTML);
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	for (const id of ids) if (ids.filter(x => x === id).length > 1) bad.push("twice the id " + id);
	for (const t of document.querySelectorAll("th")) {
		if (!t.scope) bad.push("no scope: " + t.textContent);
		if (!t.textContent.trim()) bad.push("a heading that says nothing, in " + (t.closest("table").caption?.textContent || "a table"));
	}
	for (const t of document.querySelectorAll("table")) if (!t.caption?.textContent.trim() && !t.ariaLabel) bad.push("a table without a name");
	if (document.documentElement.scrollWidth > innerWidth + 1) bad.push("wider than the window: " + document.documentElement.scrollWidth + " > " + innerWidth);
	const light = (c) => { const v = c.map(x => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; }); return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
	const parts = (s) => s.match(/[\d.]+/g).map(Number);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const seen = new Set();
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || !e.checkVisibility() || seen.has(e)) continue;
		seen.add(e);
		const a = light(parts(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) bad.push("contrast " + ratio.toFixed(1) + ": " + walk.currentNode.textContent.trim().slice(0, 30));
		if (parseFloat(getComputedStyle(e).fontSize) < 12.4) bad.push("small: " + walk.currentNode.textContent.trim().slice(0, 30));
	}
	return bad.join("\n");
})()`

// heard asks what a screen reader is told: a table stays one, with its rows, cells and
// headings, also where it is drawn as cards; and the headings go down step by step.
func (w *window) heard(path string, width int64) {
	w.t.Helper()
	var tables int
	var levels []int
	var tree struct { // what is needed of it: the whole changes with the browser's version
		Nodes []struct {
			Ignored bool `json:"ignored"`
			Role    struct {
				Value string `json:"value"`
			} `json:"role"`
		} `json:"nodes"`
	}
	w.run(
		chromedp.Evaluate(`[...document.querySelectorAll("table")].filter(t => t.checkVisibility()).length`, &tables),
		chromedp.Evaluate(`[...document.querySelectorAll("h1, h2, h3")].map(h => Number(h.tagName[1]))`, &levels),
		chromedp.ActionFunc(func(ctx context.Context) error { return cdp.Execute(ctx, "Accessibility.getFullAXTree", nil, &tree) }),
	)
	n := map[string]int{}
	for _, x := range tree.Nodes {
		if !x.Ignored {
			n[x.Role.Value]++
		}
	}
	if tables > 0 && (n["table"] != tables || n["row"] <= tables || n["columnheader"] == 0 || n["cell"]+n["rowheader"] == 0) {
		w.t.Errorf("%s at %d: of %d tables a screen reader hears %v", path, width, tables, n)
	}
	if n["banner"] != 1 || n["main"] != 1 || n["navigation"] != 1 {
		w.t.Errorf("%s at %d: landmarks %v", path, width, n)
	}
	for i, level := range levels {
		if i == 0 && level != 1 || i > 0 && level > levels[i-1]+1 {
			w.t.Errorf("%s: headings of the levels %v", path, levels)
		}
	}
}

func TestBrowserEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	w := openWindow(t, h)
	w.login("ada")
	settlement := "name=settlement&from=2026-11-21&to=2026-11-22"
	for name, path := range map[string]string{
		"fleet-admin": "/op/", "kiosk": "/op/kiosks/prato-001", "kiosk-devices": "/op/kiosks/prato-007", "kiosk-silent": "/op/kiosks/prato-006", "payments": "/op/payments", "payment": "/op/payments/" + h.refund.Payment, "alarms": "/op/alarms",
		"commissions": "/op/reports?name=commissions&from=2026-11-21&to=2026-11-22", "zero": "/op/reports?name=zero&from=2026-11-21&to=2026-11-22", "match": "/op/reports?name=match&from=2026-11-22", "catalogue": "/op/catalogue", "enrol": "/op/enrol",
		"operators": "/op/operators", "actions": "/op/actions", "me": "/op/me", "refused": "/op/kiosks/none", "settlement": "/op/reports?" + settlement,
		"behind": "/op/reports/payments?" + settlement + "&row=" + url.QueryEscape("2026-11-22|84006890481|Comune di Prato"), "doubt-admin": "/op/payments/" + h.doubtful.Payment, "cases-admin": "/op/cases",
	} {
		w.open(path)
		for _, width := range []int64{1366, 390} {
			var bad string
			w.run(emulation.SetDeviceMetricsOverride(width, 800, 1, width < 500), chromedp.Evaluate(accessible, &bad))
			if bad != "" {
				t.Errorf("%s at %d:\n%s", path, width, bad)
			}
			w.heard(path, width)
		}
		w.shot(name)
	}
	w.run(chromedp.Navigate(h.server.URL+"/op/enrol"), chromedp.SendKeys("#kiosk", "prato-009", chromedp.ByQuery))
	w.press("form[action='/op/enrol'] button")
	w.want("kioskctl enrol tserve-enrol.1.")
	w.shot("token")
	w.run(chromedp.Navigate(h.server.URL+"/op/operators"), chromedp.SendKeys("input[name=name]:not([type=hidden])", "bruno", chromedp.ByQuery))
	w.press("form[action='/op/operators/add'] button")
	w.want("Credenziali di bruno")
	w.shot("given")
	w.run(emulation.ClearDeviceMetricsOverride())
	var focused []string
	w.open("/op/cases")
	for range 3 {
		var what string
		w.run(chromedp.KeyEvent("\t"), chromedp.Evaluate(`document.activeElement.textContent.trim()`, &what))
		focused = append(focused, what)
	}
	if len(focused) == 0 || focused[0] != "Vai al contenuto" {
		t.Errorf("the keyboard begins at %s", fmt.Sprint(focused))
	}
	// The only answer that the browser may complain of is the kiosk that is not there.
	for len(w.said) > 0 {
		if s := <-w.said; !strings.Contains(s, "/op/kiosks/none") {
			t.Errorf("the browser says: %s", s)
		}
	}
}

// focus walks with the Tab key until the selector's element has the focus, and
// wants to see where it is at each step.
func (w *window) focus(selector string) {
	w.t.Helper()
	for range 80 {
		var there, seen bool
		w.run(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.activeElement.matches(`+strconv.Quote(selector)+`)`, &there),
			chromedp.Evaluate(`(() => { const e = document.activeElement, s = getComputedStyle(e); return e === document.body || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2; })()`, &seen))
		if !seen {
			w.t.Errorf("on the way to %s the focus cannot be seen", selector)
		}
		if there {
			return
		}
	}
	w.t.Fatalf("the keyboard does not reach %s", selector)
}

// enter walks to a link or a button and presses the Enter key.
func (w *window) enter(selector string) {
	w.t.Helper()
	w.focus(selector)
	w.leads("enter on "+selector, chromedp.KeyEvent(kb.Enter))
}

// A doubt decided at night by somebody who has no mouse, from the login on.
func TestBrowserByTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t).work()
	w := openWindow(t, h)
	h.clock.add(period)
	w.open("/op/login")
	w.run(chromedp.KeyEvent("oreste" + kb.Tab + h.given["oreste"].Password + kb.Tab + h.code("oreste")))
	w.leads("enter", chromedp.KeyEvent(kb.Enter))
	w.want("Mappa")
	w.enter("a.bad[href='/op/kiosks/prato-003']")
	w.want("Che cosa fare", "decidi se la carta")
	w.enter("nav a[href='/op/cases']")
	w.enter("a[href='/op/payments/" + h.doubtful.Payment + "']")
	w.focus("input[value=charged]")
	w.run(chromedp.KeyEvent(" "))
	w.focus("#stan")
	w.run(chromedp.KeyEvent("000121"))
	w.focus("input[name=sure]")
	w.run(chromedp.KeyEvent(" "))
	w.enter("section.panel button.main")
	w.want("Deciso", "pagato")
	w.quiet()
}
