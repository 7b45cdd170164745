package main

// The catalogue: its review, its keys, its signature, and what serve puts in force.

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

func catalogueCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "catalogue", Short: "Who can be paid for what: review, sign, show",
		Long: "The catalogue is built into this program from reviewed data files; with --dir the files of a\nfolder (common.toml and data/*.toml) are taken instead.",
	}
	dir := cmd.PersistentFlags().String("dir", "", "folder of data files instead of those that are built in")
	cmd.AddCommand(catalogueCheckCommand(dir), catalogueSignCommand(dir), catalogueKeygenCommand(), catalogueShowCommand(dir))
	return cmd
}

func dataFiles(dir string) fs.FS {
	if dir == "" {
		return catalogue.Files()
	}
	return os.DirFS(dir)
}

func catalogueCheckCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Review the data files: a line for each creditor; fails on any flaw", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := fs.Stat(dataFiles(*dir), "common.toml"); err != nil {
				return fmt.Errorf("--dir names the folder of common.toml and data/*.toml: %w", err)
			}
			c, unsure, flaws := catalogue.Review(dataFiles(*dir))
			if err := writeCounts(cmd.OutOrStdout(), c, unsure); err != nil {
				return err
			}
			for _, f := range flaws {
				if _, err := fmt.Fprintln(cmd.ErrOrStderr(), f); err != nil {
					return err
				}
			}
			switch len(flaws) {
			case 0:
				return nil
			case 1:
				return fmt.Errorf("catalogue %s: 1 flaw", c.Version)
			}
			return fmt.Errorf("catalogue %s: %d flaws", c.Version, len(flaws))
		},
	}
}

// writeCounts writes "creditor: N services" a line, and what is still to be
// confirmed by the creditor behind it.
func writeCounts(w io.Writer, c *kiosk.Catalogue, unsure []catalogue.Unsure) error {
	for _, cr := range c.Creditors {
		n, open := 0, ""
		for _, s := range c.Services {
			if s.Creditor == cr.Code {
				n++
			}
		}
		for _, u := range unsure {
			if u.Creditor == cr.Code {
				open += " " + u.What
			}
		}
		if open != "" {
			open = "  (to be confirmed:" + open + ")"
		}
		if _, err := fmt.Fprintf(w, "%s: %d services%s\n", cr.Name, n, open); err != nil {
			return err
		}
	}
	return nil
}

func catalogueSignCommand(dir *string) *cobra.Command {
	cmd := &cobra.Command{Use: "sign --key FILE", Short: "Write the signed catalogue that serve --catalogue takes", Args: cobra.NoArgs}
	keyFile := cmd.Flags().String("key", "", "file of the private key")
	out := cmd.Flags().String("out", "", "file to write (default the standard output)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *keyFile == "" {
			return errors.New("say which key signs: --key FILE (gateway catalogue keygen FILE makes one)")
		}
		key, err := catalogue.ReadKey(*keyFile)
		if err != nil {
			return err
		}
		c, _, err := catalogue.LoadFrom(dataFiles(*dir))
		if err != nil {
			return err
		}
		doc, err := catalogue.Sign(c, key)
		if err != nil {
			return err
		}
		if *out == "" {
			_, err = cmd.OutOrStdout().Write(append(doc, '\n'))
			return err
		}
		if err := os.WriteFile(*out, append(doc, '\n'), 0o644); err != nil {
			return fmt.Errorf("write catalogue: %w", err)
		}
		return nil
	}
	return cmd
}

func catalogueKeygenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keygen FILE", Short: "Make a signing key in a new file, and write the public key for the kiosks' configuration", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := catalogue.NewKey()
			if err != nil {
				return err
			}
			if err := catalogue.WriteKey(args[0], key); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "catalogue_key = %q\n", api.FormatKey(catalogue.Public(key)))
			return err
		},
	}
}

func catalogueShowCommand(dir *string) *cobra.Command {
	cmd := &cobra.Command{Use: "show [SERVICE]", Short: "The services by group, or one with its form", Args: cobra.MaximumNArgs(1)}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, _, err := catalogue.LoadFrom(dataFiles(*dir))
		if err != nil {
			return err
		}
		switch {
		case len(args) == 0 && *asJSON:
			return writeJSON(cmd.OutOrStdout(), c)
		case len(args) == 0:
			return writeCatalogue(cmd.OutOrStdout(), c)
		}
		s, ok := c.Service(args[0])
		if !ok {
			return fmt.Errorf("there is no service %q", args[0])
		}
		return writeJSON(cmd.OutOrStdout(), s)
	}
	return cmd
}

func writeCatalogue(w io.Writer, c *kiosk.Catalogue) error {
	text := "catalogue " + c.Version + "\n"
	for _, g := range c.Groups {
		text += fmt.Sprintf("%s\n", g.Name.In(kiosk.Italian))
		for _, s := range c.Services {
			if s.Group != g.ID {
				continue
			}
			how := string(s.Find)
			if s.Level != kiosk.LevelNone {
				how += " " + string(s.Level)
			}
			for _, f := range s.Fields {
				how += " " + f.ID
			}
			text += fmt.Sprintf("  %-24s %s  fee %s  %s\n", s.ID, s.Creditor, feesOf(c, s), how)
		}
	}
	_, err := io.WriteString(w, text)
	return err
}

// feesOf is what the citizen pays at a Jolly, and elsewhere where that is another fee.
func feesOf(c *kiosk.Catalogue, s kiosk.Service) string {
	jolly := c.FeeOf(s.Creditor, s.ID, string(api.ChannelJolly))
	text := jolly.String()
	for _, channel := range []api.Channel{api.ChannelCounter, api.ChannelTill, api.ChannelWeb} {
		if fee := c.FeeOf(s.Creditor, s.ID, string(channel)); fee != jolly {
			text += fmt.Sprintf(" %s %s", channel, fee)
		}
	}
	return text
}

// catalogueFlags adds the flags of the catalogue in force to a command; what they
// name is read by the function that comes back, nil where they name nothing.
func catalogueFlags(cmd *cobra.Command) func() (*catalogue.Served, error) {
	file := cmd.Flags().String("catalogue", "", "signed catalogue to put in force, written by catalogue sign")
	signers := cmd.Flags().StringSlice("catalogue-signer", nil, "public key that must have signed --catalogue, as catalogue keygen writes it; more than one may be said, for a change of keys")
	key := cmd.Flags().String("catalogue-key", "", "private key to sign the built-in catalogue with at start, instead of --catalogue")
	return func() (*catalogue.Served, error) {
		switch {
		case *file != "" && *key != "":
			return nil, errors.New("say either --catalogue or --catalogue-key")
		case *file != "":
			doc, err := os.ReadFile(*file)
			if err != nil {
				return nil, fmt.Errorf("read catalogue: %w", err)
			}
			keys, err := publicKeys(*signers)
			if err != nil {
				return nil, err
			}
			return catalogue.Open(doc, keys...)
		case *key != "":
			private, err := catalogue.ReadKey(*key)
			if err != nil {
				return nil, err
			}
			c, err := catalogue.Load()
			if err != nil {
				return nil, err
			}
			return catalogue.NewServed(c, private)
		}
		return nil, nil //nolint:nilnil // no catalogue is an answer, too
	}
}

// publicKeys reads keys as they stand in configurations.
func publicKeys(texts []string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for _, text := range texts {
		key, err := api.ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("catalogue-signer %q: %w", text, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
