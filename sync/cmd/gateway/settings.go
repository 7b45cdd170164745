package main

// Settings: each is declared once, as a flag of serve. Its name is its key in the
// file and, in capitals, its environment variable. The command line wins over the
// environment, and that over the file.

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// envPrefix stands before the name of every environment variable that is a setting.
const envPrefix = "JOLLY_GATEWAY_"

// allKeys is where the cure of an unknown key is.
const allKeys = "see packaging/gateway.toml for all of them"

// shared are the settings that other commands than serve take from file and
// environment: where the book is, its keys, the authority, and the catalogue. Those of the node are, too.
var shared = []string{"config", "db", "tls", "operators-key", "catalogue", "catalogue-signer", "catalogue-key"}

// mistake is one mistake of a file, of the environment or of the command line.
type mistake struct {
	where string // "gateway.toml:7: listen", "JOLLY_GATEWAY_LISTEN", "--listen"
	what  string // what is wrong and how to cure it
}

func (m mistake) Error() string { return m.where + ": " + m.what }

// said is one setting as a file or the environment says it.
type said struct {
	flag  string
	where string
	line  int
	value any // text from the environment; what TOML has from a file
}

// settings are where the values of a command's flags come from.
type settings struct {
	flags   *pflag.FlagSet
	origin  map[string]string // flag to where it was said; none: the command line or the default
	mistake []error
}

// settle fills the flags of a command that is about to run from the environment
// and from the file of --config.
func settle(cmd *cobra.Command, environ []string) error {
	s := &settings{flags: cmd.Flags(), origin: map[string]string{}}
	known := serveFlags()
	takes := func(name string) bool {
		return known[name] && (cmd.Name() == "serve" || slices.Contains(shared, name) || strings.HasPrefix(name, "node-")) && s.flags.Lookup(name) != nil
	}
	s.take(fromEnvironment(environ), known, takes)
	if path := s.flags.Lookup("config").Value.String(); path != "" && cmd.Name() != "check" {
		all, err := readSettings(path)
		if err != nil {
			return err
		}
		s.take(all, known, takes)
	}
	if cmd.Name() == "serve" {
		s.rules()
	}
	return errors.Join(s.mistake...)
}

// serveFlags are the names of all settings.
func serveFlags() map[string]bool {
	serve := bareServe()
	names := map[string]bool{"config": true}
	serve.Flags().VisitAll(func(f *pflag.Flag) { names[f.Name] = f.Name != "help" })
	return names
}

// bareServe is the serving command with all its flags, run by nobody.
func bareServe() *cobra.Command {
	root := command()
	serve, _, err := root.Find([]string{"serve"})
	if err != nil {
		return root
	}
	serve.InheritedFlags() // merges those of the root into its own
	return serve
}

// take sets what was not set by somebody stronger.
func (s *settings) take(all []said, known map[string]bool, takes func(string) bool) {
	seen := map[string]string{}
	for _, v := range all {
		before, twice := seen[v.flag]
		seen[v.flag] = v.where
		switch {
		case !known[v.flag], v.flag == "config" && v.line > 0:
			s.add(v.where, "no such setting; "+allKeys)
		case twice:
			s.add(v.where, "said twice, at "+before+", too; take one of them away")
		case !takes(v.flag) || s.flags.Changed(v.flag):
		default:
			if err := set(s.flags, v); err != nil {
				s.add(v.where, err.Error()+"; "+s.flags.Lookup(v.flag).Usage)
				continue
			}
			s.origin[v.flag] = v.where
		}
	}
}

func (s *settings) add(where, what string) {
	s.mistake = append(s.mistake, mistake{where, what})
}

// set gives a flag the value that was said.
func set(flags *pflag.FlagSet, v said) error {
	f := flags.Lookup(v.flag)
	list, isList := f.Value.(pflag.SliceValue)
	if many, ok := v.value.([]any); ok && isList {
		var texts []string
		for _, one := range many {
			text, ok := one.(string)
			if !ok {
				return errors.New(`want a list of texts, ["a", "b"]`)
			}
			texts = append(texts, text)
		}
		f.Changed = true
		return list.Replace(texts)
	}
	text, err := textOf(f, v)
	if err != nil {
		return err
	}
	if err := flags.Set(v.flag, text); err != nil {
		return fmt.Errorf("%q is no %s", text, f.Value.Type())
	}
	return nil
}

// textOf is a value as the command line would have it. TOML's types are taken at
// their word: 1 is no text, and "1" no number.
func textOf(f *pflag.Flag, v said) (string, error) {
	kind := f.Value.Type()
	number := strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint") || strings.HasPrefix(kind, "float")
	switch value := v.value.(type) {
	case string:
		if v.line == 0 || !number && kind != "bool" {
			return value, nil
		}
	case bool:
		if kind == "bool" {
			return fmt.Sprint(value), nil
		}
	case int64, float64:
		if number {
			return fmt.Sprint(value), nil
		}
	}
	switch {
	case kind == "bool":
		return "", errors.New("want true or false")
	case number:
		return "", errors.New("want a number, without quotation marks")
	case kind == "duration":
		return "", errors.New(`want a duration, "30s"`)
	case strings.HasSuffix(kind, "Slice"):
		return "", errors.New(`want a list of texts, ["a", "b"]`)
	}
	return "", errors.New("want a text in quotation marks")
}

// fromEnvironment are the settings of the environment, by name.
func fromEnvironment(environ []string) []said {
	var all []said
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if rest, ok := strings.CutPrefix(name, envPrefix); ok {
			all = append(all, said{flag: flagName(strings.ToLower(rest)), where: name, value: value})
		}
	}
	slices.SortFunc(all, func(a, b said) int { return strings.Compare(a.where, b.where) })
	return all
}

// flagName is the flag of a key: [node] url, node_url and node-url are --node-url.
func flagName(key ...string) string {
	return strings.ReplaceAll(strings.Join(key, "-"), "_", "-")
}

func readSettings(path string) ([]said, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w; give the file with --config", err)
	}
	return parseSettings(path, text)
}

// parseSettings reads the text of a file, in the order of its lines.
func parseSettings(file string, text []byte) ([]said, error) {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		var bad *toml.DecodeError
		if !errors.As(err, &bad) {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		row, _ := bad.Position()
		return nil, mistake{fmt.Sprintf("%s:%d", file, row), strings.TrimPrefix(bad.Error(), "toml: ") + "; see packaging/gateway.toml for its form"}
	}
	lines := keyLines(text)
	var all []said
	var walk func(path []string, line int, tree map[string]any)
	walk = func(path []string, line int, tree map[string]any) {
		for _, key := range slices.Sorted(maps.Keys(tree)) {
			at := slices.Concat(path, []string{key})
			dotted := strings.Join(at, ".")
			row := cmp.Or(lines[dotted], line) // within an inline table: the table's
			if table, ok := tree[key].(map[string]any); ok {
				walk(at, row, table)
				continue
			}
			all = append(all, said{flag: flagName(at...), where: fmt.Sprintf("%s:%d: %s", file, row, dotted), line: row, value: tree[key]})
		}
	}
	walk(nil, 0, tree)
	slices.SortStableFunc(all, func(a, b said) int { return cmp.Compare(a.line, b.line) })
	return all, nil
}

// keyLines finds the line of every key of a good file.
func keyLines(text []byte) map[string]int {
	lines := map[string]int{}
	p := &unstable.Parser{}
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind == unstable.Comment {
			continue
		}
		var path []string
		line := 0
		for keys := e.Key(); keys.Next(); {
			path = append(path, string(keys.Node().Data))
			line = p.Shape(keys.Node().Raw).Start.Line
		}
		if e.Kind == unstable.Table || e.Kind == unstable.ArrayTable {
			table = path
		} else {
			path = slices.Concat(table, path)
		}
		lines[strings.Join(path, ".")] = line
	}
	return lines
}
