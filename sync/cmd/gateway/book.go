package main

// How the commands open the book, and how they write for machines.

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
)

func openStore(cmd *cobra.Command, cfg gateway.StoreConfig, log *slog.Logger) (*gateway.Store, error) {
	path, err := cmd.Flags().GetString("db")
	if err != nil {
		return nil, err
	}
	return gateway.Open(cmd.Context(), path, cfg, log)
}

// readStore opens the book beside a gateway that may be serving it.
func readStore(cmd *cobra.Command, f func(*gateway.Store) error) error {
	return readAny(cmd, func(store *gateway.Store) error {
		if err := store.Fits(cmd.Context()); err != nil {
			return err
		}
		return f(store)
	})
}

// readAny opens it whatever its version is.
func readAny(cmd *cobra.Command, f func(*gateway.Store) error) error {
	return withStore(cmd, gateway.StoreConfig{ReadOnly: true}, slog.New(slog.DiscardHandler), f)
}

func withStore(cmd *cobra.Command, cfg gateway.StoreConfig, log *slog.Logger, f func(*gateway.Store) error) (err error) {
	store, err := openStore(cmd, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(store)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
