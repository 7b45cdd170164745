package main

// The kept list of services, read without the running kiosk.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
)

func (t *tool) catalogueCommands() *cobra.Command {
	cmd := &cobra.Command{Use: "catalogue", Short: "The kept list of services", Long: "The kept list of services: the file that the kiosk starts with when the gateway does not answer."}
	cmd.AddCommand(
		&cobra.Command{Use: "show", Short: "Version, creditors and services", Args: cobra.NoArgs, RunE: t.catalogueShow},
		&cobra.Command{
			Use: "verify", Short: "Hold its signature against the keys of the configuration; fails unless it holds", Args: cobra.NoArgs, RunE: t.catalogueVerify,
		},
	)
	return cmd
}

func (t *tool) keptCatalogue() (path string, cfg config.Config, err error) {
	if cfg, err = config.Read(t.file); err != nil {
		return "", cfg, err
	}
	return filepath.Join(cfg.Kiosk.Data, "catalogue.json"), cfg, nil
}

// catalogueReport is what both commands tell.
type catalogueReport struct {
	File     string           `json:"file"`
	Verified bool             `json:"verified"`
	Reason   string           `json:"reason,omitempty"` // why it is not
	Key      string           `json:"key,omitempty"`    // id of the key that signed
	Version  string           `json:"version,omitempty"`
	Services int              `json:"services"`
	Content  *kiosk.Catalogue `json:"content,omitempty"`
}

func (t *tool) readCatalogue() (catalogueReport, error) {
	path, cfg, err := t.keptCatalogue()
	if err != nil {
		return catalogueReport{}, err
	}
	r := catalogueReport{File: path}
	kept, err := client.ReadCatalogue(path, cfg.Gateway.CatalogueKeys())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, fmt.Errorf("no catalogue is kept yet (%s)", path)
	case err == nil:
		r.Verified, r.Key, r.Content = true, kept.Key, kept.Catalogue
	default:
		r.Reason = err.Error()
		r.Content, r.Key = unverified(path)
	}
	if r.Content != nil {
		r.Version, r.Services = r.Content.Version, len(r.Content.Services)
	}
	return r, nil
}

// unverified reads what nobody may trust, for a maintainer to look at; nil when
// it cannot even be read.
func unverified(path string) (*kiosk.Catalogue, string) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > api.MaxCatalogue {
		return nil, ""
	}
	var doc api.SignedCatalogue
	c := new(kiosk.Catalogue)
	if json.Unmarshal(b, &doc) != nil || json.Unmarshal(doc.Catalogue, c) != nil {
		return nil, ""
	}
	return c, doc.Key
}

func (t *tool) catalogueVerify(*cobra.Command, []string) error {
	r, err := t.readCatalogue()
	if err != nil {
		return err
	}
	r.Content = nil
	if err := t.print(r, func(w *tabwriter.Writer) {
		if r.Verified {
			fmt.Fprintf(w, "catalogue %s, %d services: the signature of key %s holds\n", r.Version, r.Services, r.Key)
		}
	}); err != nil {
		return err
	}
	if !r.Verified {
		return errors.New(r.Reason)
	}
	return nil
}

func (t *tool) catalogueShow(*cobra.Command, []string) error {
	r, err := t.readCatalogue()
	if err != nil {
		return err
	}
	if r.Content == nil {
		return errors.New(r.Reason)
	}
	return t.print(r, func(w *tabwriter.Writer) {
		state := "verified, key " + r.Key
		if !r.Verified {
			state = "NOT VERIFIED: " + r.Reason
		}
		fmt.Fprintf(w, "catalogue %s, %s\n", r.Version, state)
		names := map[kiosk.CreditorCode]string{}
		for _, c := range r.Content.Creditors {
			names[c.Code] = c.Name
		}
		for _, s := range r.Content.Services {
			fmt.Fprintf(w, "%s\t%s\t%s\tfee %s\t%s\n", s.ID, names[s.Creditor], s.Find, r.Content.FeeOf(s.Creditor, s.ID, "jolly"), s.Name.In(kiosk.Italian))
		}
	})
}
