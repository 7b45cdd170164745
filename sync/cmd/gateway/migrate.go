package main

// The migration of the book.

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
)

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the book to this program's tables, or make a new one", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := openStore(cmd, gateway.StoreConfig{}, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
			if err != nil {
				return err
			}
			if err := store.Close(); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the book has this program's form")
			return err
		},
	}
}
