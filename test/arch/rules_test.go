package arch

// The rules, as data. To change the map, change a row here and say why.

const (
	fyne = "fyne.io/fyne/v2"
	// subject stands for the package that a simulator simulates: the directory
	// above its "sim".
	subject = "SUBJECT"
)

var (
	commands = []string{".../cmd/..."}
	tests    = []string{"test/..."}
	sims     = []string{".../sim/..."}
	suites   = []string{".../...test/..."} // as httptest: shared by the tests of several packages
	// pure packages are told what happened and answer what to do.
	pure = []string{"kiosk/notice", "kiosk/payment", "kiosk/session", "kiosk/page", "kiosk/screen", "kiosk/admin", "printer/receipt"}
	// counting packages have money in their hands.
	counting = []string{"kiosk", "kiosk/notice", "kiosk/payment", "kiosk/session", "kiosk/screen", "kiosk/terminal/...",
		"printer/receipt", "sync/api", "sync/client", "sync/outbox", "sync/push", "sync/gateway/..."}
	// setting packages are counting ones' neighbours that measure paper, or for Prometheus.
	setting = []string{"sync/gateway/report/sheet", "sync/gateway/meter"}
)

// mayImport is the map: of this module's packages, who may import whom. The
// first row whose who matches counts. It binds what is shipped; a package's
// tests may put together what they need. "x/..." on both sides lets a package
// have sub-packages.
var mayImport = []struct {
	who  []string
	ours []string
	why  string
}{
	{commands, []string{"..."}, "a command puts everything together"},
	{tests, []string{"..."}, "tests put everything together"},
	{[]string{"kiosk/machine"}, []string{"..."}, "machine puts one kiosk together"},
	{sims, []string{subject + "/...", "kiosk"},
		"a simulator knows the device that it stands for and nothing else, as the device would"},
	{[]string{"kiosk"}, nil,
		"the domain is what all others share; whatever it imported, all would"},
	{[]string{"kiosk/notice", "kiosk/payment"}, []string{"kiosk"},
		"a pure package can be tested by comparing values; it knows the domain alone"},
	{[]string{"kiosk/page"}, []string{"kiosk"},
		"a page is a value that every painter and every test understands; it knows nothing of visits or payments"},
	{[]string{"kiosk/session"}, []string{"kiosk", "kiosk/notice", "kiosk/payment"},
		"a visit is decided without text, screen or device"},
	{[]string{"kiosk/screen"}, []string{"kiosk", "kiosk/page", "kiosk/i18n", "kiosk/session"},
		"what is shown follows from the state and the language alone"},
	{[]string{"kiosk/admin"}, []string{"kiosk", "kiosk/page", "kiosk/i18n"},
		"the maintainer's pages are values, too"},
	{[]string{"kiosk/runner"}, []string{"kiosk", "kiosk/session", "kiosk/payment", "kiosk/screen", "kiosk/admin", "kiosk/page", "kiosk/health"},
		"the loop declares the interfaces of the devices that it needs; a device that it imported could not be replaced in a test"},
	{[]string{"kiosk/ui/..."}, []string{"kiosk/page", "assets", "kiosk/ui/..."},
		"the screen draws a page and turns a touch into the value that the page put there; it decides nothing"},
	{[]string{"kiosk/i18n"}, []string{"kiosk", "assets"},
		"words depend on the domain and the catalogues only"},
	{[]string{"kiosk/scanner/..."}, []string{"kiosk", "kiosk/scanner/..."}, deviceWhy},
	{[]string{"kiosk/terminal/..."}, []string{"kiosk", "kiosk/terminal/..."}, deviceWhy},
	{[]string{"kiosk/speech/..."}, []string{"kiosk", "kiosk/speech/..."}, deviceWhy},
	{[]string{"cardreader/proof/..."}, []string{"kiosk", "kiosk/notice", "cardreader/proof/..."},
		"the gateway checks proofs, too, and has no card reader; what a codice fiscale says is read in one place"},
	{[]string{"cardreader/..."}, []string{"kiosk", "cardreader/..."}, deviceWhy},
	{[]string{"printer/receipt"}, []string{"kiosk", "kiosk/i18n"},
		"the lines of a receipt follow from the payment and the language, whatever prints them"},
	{[]string{"printer/..."}, []string{"kiosk", "kiosk/i18n", "assets", "printer/..."}, deviceWhy},
	{[]string{"sync/api"}, nil,
		"the contract is what both ends share; it depends on neither"},
	{[]string{"sync/client"}, []string{"kiosk", "sync/api"},
		"the kiosk's end of the wire knows the contract and not the gateway's inside"},
	{[]string{"sync/gateway/catalogue"}, []string{"kiosk", "kiosk/notice", "sync/api", "assets"},
		"the catalogue's texts are measured with the type that the kiosk draws them with, its pictograms are the kiosk's"},
	{[]string{"sync/gateway/operator"}, []string{"kiosk", "sync/api", "sync/gateway/...", "assets"},
		"the operators' pages are set in the house's type, with its arms"},
	{[]string{"sync/gateway/report/sheet"}, []string{"assets"},
		"a sheet sets texts in the house's type; what they say is not its business"},
	{[]string{"sync/gateway/..."}, []string{"kiosk", "kiosk/notice", "sync/api", "cardreader/proof", "sync/gateway/..."},
		"the gateway runs elsewhere, without a kiosk's devices and loop"},
	{[]string{"sync/outbox/..."}, []string{"kiosk", "kiosk/payment", "sync/outbox/..."},
		"the journal stores payments; who sends them and where to is not its business"},
	{[]string{"sync/push"}, []string{"kiosk", "kiosk/payment"},
		"push declares its own source and sink, so that order and backoff are tested without a database or a network"},
	{[]string{"assets"}, nil,
		"assets are bytes without logic"},
	{[]string{"..."}, []string{"kiosk"},
		"a package that the map does not name may import the domain and what lies below itself; give it a row if it needs more"},
}

const deviceWhy = "a device knows the domain and itself: one that knew another device, the loop or the gateway could not be replaced by its simulator"

// neverImport binds tests as well as what is shipped. A path of this module
// stands without the module's name.
var neverImport = []struct {
	who    []string
	except []string
	what   []string
	why    string
}{
	{[]string{"..."}, commands, []string{fyne + "/app"},
		"it brings OpenGL; every test but the end-to-end ones builds without a display"},
	{[]string{"..."}, []string{"kiosk/ui/...", "kiosk/machine", "kiosk/cmd/...", "test/..."}, []string{fyne + "/..."},
		"only the painter knows how it paints"},
	{[]string{"..."}, []string{"printer/pdf", "sync/gateway/report/sheet"}, []string{"github.com/jung-kurt/gofpdf/..."},
		"the library is kept in one place for each program, so that it can be replaced there"},
	{[]string{"..."}, []string{"sync/client"}, []string{"github.com/hashicorp/go-retryablehttp"},
		"two layers that retry multiply; the long schedule is the outbox's"},
	{[]string{"..."}, []string{"sync/outbox/...", "sync/gateway/..."}, []string{"modernc.org/..."},
		"a payment is stored by one package on each side and by nobody else"},
	{[]string{"..."}, []string{"cardreader/pcsc/..."}, []string{"github.com/ebfe/scard"},
		"card readers need cgo and a daemon; everything above works on APDUs"},
	{[]string{"..."}, []string{"cardreader/pcsc/..."}, []string{"C"},
		"cgo of our own only where a card reader forces it"},
	{[]string{"..."}, commands, []string{".../cmd/..."},
		"commands are run and not imported"},
}

// neverShip binds what is shipped and not its tests.
var neverShip = []struct {
	who    []string
	except []string
	what   []string
	why    string
}{
	{[]string{"..."}, append([]string{"kiosk/cmd/demo/...", "test/..."}, sims...), sims,
		"a simulator that the real kiosk could reach is a way to pay without money"},
	{[]string{"..."}, append([]string{"kiosk/machine", "test/..."}, commands...), []string{"kiosk/machine"},
		"whatever imports the whole machine cannot be tested without it"},
	{pure, nil, []string{"context", "os", "os/...", "net", "net/...", "database/sql", "log", "log/...", "sync", "sync/...", "math/rand", "math/rand/...", "crypto/rand"},
		"a pure package does nothing but answer: no I/O, no log, no chance, no waiting"},
	{[]string{"kiosk/notice", "kiosk/payment", "kiosk/page"}, nil, []string{"time"},
		"moments come in as data"},
	{[]string{"..."}, append([]string{"test/..."}, suites...), append([]string{"testing/..."}, suites...),
		"what is shipped does not contain its tests; what several tests share lies in a package whose name ends in test"},
	{[]string{"..."}, tests, []string{"log"},
		"there is one log, log/slog, and it is handed in"},
}

// neverUse forbids single names of a package to what is shipped.
var neverUse = []struct {
	who    []string
	except []string
	what   string
	names  []string
	why    string
}{
	{who: pure, what: "time", names: []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
		why: "time comes in as data: a Tick, or a moment within an event"},
	{who: []string{"..."}, except: append([]string{"test/...", "cardreader/sim/vcard"}, commands...), what: "context", names: []string{"Background", "TODO"},
		why: "below main nobody may start work that nobody can stop"},
	{who: []string{"kiosk/ui/..."}, what: fyne, names: []string{"DoAndWait"},
		why: "a painter that waits for itself waits for ever"},
}

// topNames are the names that the root may have, besides dot files and what
// was built.
var topNames = []string{"kiosk", "assets", "printer", "cardreader", "sync", "packaging", "test", "docs",
	"go.mod", "go.sum", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "publiccode.yml", "Makefile",
	"bin", "out"}
