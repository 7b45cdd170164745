package i18n

// The catalogue of words.

import (
	"fmt"
	"io/fs"
	"sync"

	goi18n "github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"github.com/tserve/jolly/assets"
	"github.com/tserve/jolly/kiosk"
)

// Args are the values of a text's placeholders, by name. "count" chooses the plural.
type Args map[string]any

type catalogue struct {
	bundle    *goi18n.Bundle
	localizer map[kiosk.Language]*goi18n.Localizer
	ids       map[kiosk.Language]map[string]string
}

// load reads the embedded catalogue once; it never changes afterwards.
var load = sync.OnceValue(func() *catalogue {
	c, err := read(assets.FS)
	if err != nil {
		panic(fmt.Sprintf("i18n: embedded catalogue: %v", err))
	}
	return c
})

func read(files fs.FS) (*catalogue, error) {
	c := &catalogue{
		bundle:    goi18n.NewBundle(language.Italian),
		localizer: map[kiosk.Language]*goi18n.Localizer{},
		ids:       map[kiosk.Language]map[string]string{},
	}
	c.bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	names, err := fs.Glob(files, "translations/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list translations: %w", err)
	}
	for _, name := range names {
		f, err := c.bundle.LoadMessageFileFS(files, name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		lang := kiosk.Language(f.Tag.String())
		if c.ids[lang] == nil {
			c.ids[lang] = map[string]string{}
		}
		for _, m := range f.Messages {
			if _, twice := c.ids[lang][m.ID]; twice {
				return nil, fmt.Errorf("read %s: key %q stands twice", name, m.ID)
			}
			c.ids[lang][m.ID] = m.Other
		}
	}
	for _, lang := range kiosk.Languages() {
		c.localizer[lang] = goi18n.NewLocalizer(c.bundle, string(lang))
	}
	return c, nil
}

// T returns the text of a key. Placeholders are written {{.name}} in the
// catalogue; args may be nil.
func T(lang kiosk.Language, key string, args Args) string {
	c := load()
	if _, ok := c.ids[lang][key]; !ok {
		return key
	}
	cfg := &goi18n.LocalizeConfig{MessageID: key, TemplateData: map[string]any(args)}
	if n, ok := args["count"]; ok {
		cfg.PluralCount = n
	}
	s, err := c.localizer[lang].Localize(cfg)
	if err != nil {
		return key
	}
	return s
}

// Has says that a key stands in the catalogue of a language.
func Has(lang kiosk.Language, key string) bool {
	_, ok := load().ids[lang][key]
	return ok
}

// Keys returns all keys of a language with their texts (the form "other").
func Keys(lang kiosk.Language) map[string]string { return load().ids[lang] }
