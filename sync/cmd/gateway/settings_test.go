package main

// Settings: one declaration, three ways to say it, every mistake with its place.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func fileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMistakesOfTheFileAreToldWithLineAndCure(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "db = \"b\"\nlisten_on = \"x\"\n", ":2: listen_on: no such setting; see packaging/gateway.toml"},
		{"unknown table", "[metric]\nlisten = \"x\"\n", ":2: metric.listen: no such setting"},
		{"number for text", "\nlisten = 8480\n", ":2: listen: want a text in quotation marks; address to listen on"},
		{"text for number", "[limit]\nrequests = \"64\"\n", ":2: limit.requests: want a number, without quotation marks"},
		{"text for yes", "seed = \"yes\"\n", ":1: seed: want true or false"},
		{"no duration", "limit-body-time = 5\n", ":1: limit-body-time: want a duration, \"30s\""},
		{"bad duration", "limit-body-time = \"5\"\n", ":1: limit-body-time: \"5\" is no duration"},
		{"list of numbers", "name = [1]\n", ":1: name: want a list of texts"},
		{"twice", "[limit]\nrequests = 3\n[traces]\npercent = 1\n", ""},
		{"said twice", "limit_requests = 3\n[limit]\nrequests = 3\n", ":3: limit.requests: said twice, at"},
		{"syntax", "db = \n", ":1: "},
		{"a file in a file", "config = \"x\"\n", ":1: config: no such setting"},
		{"no port", "listen = \"127.0.0.1\"\n", ":1: listen: host:port to listen on"},
		{"plain HTTP", "listen = \":8480\"\n", ":1: listen: plain HTTP is served on the loopback only; say where"},
		{"pages", "pages = \"127.0.0.1:1\"\n", ":1: pages: --pages without --tls"},
		{"metrics", "metrics = \"9480\"\n", ":1: metrics: host:port"},
		{"traces", "traces = \"127.0.0.1:4318\"\n", ":1: traces: a web address"},
		{"percent", "[traces]\npercent = 101\n", ":2: traces.percent: 0 to 100"},
		{"no limit", "[limit]\nrequests = 0\n", ":2: limit.requests: more than nothing"},
		{"no deadline", "[expire]\nafter = \"0s\"\n", ":2: expire.after: more than nothing"},
		{"no file", "csca = \"/nowhere\"\n", ":1: csca: there is no /nowhere; the issuers of cards: a PEM file"},
		{"no public key", "catalogue = \"settings.go\"\ncatalogue-signer = [\"x\"]\n", ":2: catalogue-signer: want the public key"},
		{"nothing to sign", "catalogue-signer = [\"fRqUGAwKOWRJ3A/VB64B/QZLZ9rZzevHVzo/8gdx4h0=\"]\n", ":1: catalogue-signer: it is for the file"},
		{"both catalogues", "catalogue = \"settings.go\"\ncatalogue-key = \"settings.go\"\n", ":2: catalogue-key: say either"},
	} {
		path := fileOf(t, c.text)
		_, err := run(t, "config", "check", path)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), path+c.want) {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	path := fileOf(t, "a = 1\nlisten = 2\nmetrics = \"x\"\n")
	_, err := run(t, "serve", "--config", path)
	if err == nil || strings.Count(err.Error(), path+":") != 3 {
		t.Errorf("%v", err)
	}
}

func TestTheCommandLineWinsOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	path := fileOf(t, "people-key = \"file\"\nname = [\"file.example\"]\n[limit]\nforms = 7\nchallenges = 8\n[node]\nurl = \"https://node.example\"\n")
	serve := bareServe()
	if err := serve.ParseFlags([]string{"--config", path, "--people-key", "flag"}); err != nil {
		t.Fatal(err)
	}
	err := settle(serve, []string{"JOLLY_GATEWAY_PEOPLE_KEY=env", "JOLLY_GATEWAY_LIMIT_FORMS=9", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"people-key": "flag", "limit-forms": "9", "limit-challenges": "8", "name": "[file.example]", "limit-citizens": "20", "node-url": "https://node.example",
	} {
		if got := serve.Flags().Lookup(name).Value.String(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestTheEnvironmentIsCheckedToo(t *testing.T) {
	serve := bareServe()
	err := settle(serve, []string{"JOLLY_GATEWAY_LISTEN=:1", "JOLLY_GATEWAY_LISTENS=x", "JOLLY_GATEWAY_LIMIT_FORMS=many"})
	for _, want := range []string{"JOLLY_GATEWAY_LISTENS: no such setting", `JOLLY_GATEWAY_LIMIT_FORMS: "many" is no int`, "JOLLY_GATEWAY_LISTEN: plain HTTP is served on the loopback only"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// The book of the file is that of the other commands, too; what they do not
// know does not disturb them.
func TestOtherCommandsFindTheBookOfTheFile(t *testing.T) {
	db := filepath.Join(t.TempDir(), "book.db")
	path := fileOf(t, "db = \""+db+"\"\nmetrics = \"127.0.0.1:9480\"\n")
	if _, err := run(t, "migrate", "--config", path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(db); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JOLLY_GATEWAY_CONFIG", path)
	if out, err := run(t, "doctor"); err != nil || !strings.Contains(out, "ok  schema") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run(t, "config", "show"); err != nil || !regexp.MustCompile(`(?m)^metrics +=.*9480" +# .*gateway.toml:2: metrics$`).MatchString(out) {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := run(t, "doctor", "--config", fileOf(t, "dbb = \"x\"\n")); err == nil {
		t.Error("a file with a mistake was taken")
	}
}

// The sample explains every setting of serve, and no other.
func TestTheSampleHasEverySetting(t *testing.T) {
	path := filepath.Join("..", "..", "..", "packaging", "gateway.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseSettings(path, text); err != nil {
		t.Fatal(err)
	}
	// What stands behind "# " could be switched on.
	all := regexp.MustCompile(`(?m)^# ?([a-z_]+ *= )`).ReplaceAllString(string(text), "$1")
	whole, err := parseSettings(path, []byte(all))
	if err != nil {
		t.Fatal(err)
	}
	s := &settings{flags: bareServe().Flags(), origin: map[string]string{}}
	known := serveFlags()
	s.take(whole, known, func(name string) bool { return known[name] })
	for _, m := range s.mistake {
		t.Error(m)
	}
	s.flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "config" && s.origin[f.Name] == "" {
			t.Errorf("packaging/gateway.toml does not have %s: %s", f.Name, f.Usage)
		}
	})
}

// packaging/gateway.md names every limit and deadline with its number.
func TestTheLimitsAreDocumentedWithTheirNumbers(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "packaging", "gateway.md"))
	if err != nil {
		t.Fatal(err)
	}
	bareServe().Flags().VisitAll(func(f *pflag.Flag) {
		if (strings.HasPrefix(f.Name, "limit-") || strings.HasPrefix(f.Name, "expire-")) && !strings.Contains(string(text), "| `"+f.Name+"` | "+f.DefValue+" |") {
			t.Errorf("packaging/gateway.md does not say that %s is %s", f.Name, f.DefValue)
		}
	})
}
