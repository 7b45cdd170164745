package main

// The book's health, its backup and its restore.

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
)

// errSick ends a command whose findings were printed.
var errSick = errors.New("not all is as it must be: see the lines that begin with BAD")

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Examine the book: its version, durability, guards, and the proofs of the ledger", Args: cobra.NoArgs,
		Long: "Examine the book and change nothing; it can run beside a serving gateway. One line for each finding, and under a\n" +
			"bad one what to do; the exit status is 1 when one of them is bad. With --config, or the flags below, it also looks\n" +
			"at the catalogue's signature and at the certificates that the gateway is given.",
	}
	house := houseFlags(cmd)
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readAny(cmd, func(store *gateway.Store) error {
			findings, err := store.Examine(cmd.Context())
			if err != nil {
				return err
			}
			more, err := store.Symptoms(cmd.Context())
			if err != nil {
				return err
			}
			findings = slices.Concat(findings, more, house.examine(time.Now()))
			if *asJSON {
				if err := writeJSON(cmd.OutOrStdout(), findings); err != nil {
					return err
				}
				return verdict(io.Discard, findings)
			}
			return verdict(cmd.OutOrStdout(), findings)
		})
	}
	return cmd
}

// verdict prints findings, and is an error when one is bad.
func verdict(w io.Writer, findings []gateway.Finding) error {
	var sick error
	for _, f := range findings {
		word := "ok "
		if !f.OK {
			word, sick = "BAD", errSick
		}
		line := fmt.Sprintf("%s %-20s %s\n", word, f.Name, f.Detail)
		if f.Cure != "" {
			line += fmt.Sprintf("    %-20s what to do: %s\n", "", f.Cure)
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return sick
}

func backupCommand() *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Write a copy of the book, as of one moment, to a new file", Args: cobra.ExactArgs(1),
		Long: "Write a copy of the book as of one moment to a new file; the gateway may go on serving. The copy of a book in a\n" +
			"file is a book in a file; that of a book on PostgreSQL is an archive of pg_dump, which must be installed.\n" +
			"The key that hides citizens is not in the book: keep a copy of it elsewhere.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return readAny(cmd, func(store *gateway.Store) error {
				if err := store.Backup(cmd.Context(), args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "the copy is in", args[0])
				return err
			})
		},
	}
}

func restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Make a book of a backup where there is none, and examine it", Args: cobra.ExactArgs(1),
		Long: "Make a book of a backup. --db names a file that is not there yet, or an empty database. What kiosks delivered after\n" +
			"the backup is not in it: compare with the kiosks' journals before it is served.",
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := cmd.Flags().GetString("db")
			if err != nil {
				return err
			}
			findings, err := gateway.Restore(cmd.Context(), url, args[0], slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
			if err != nil {
				return err
			}
			return verdict(cmd.OutOrStdout(), findings)
		},
	}
}
