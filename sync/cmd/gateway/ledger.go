package main

// The balances of the ledger.

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
)

func ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "ledger", Short: "The balance of every account; fails unless they sum to zero", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "for machines")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			balances, err := store.Balances(cmd.Context())
			if err != nil {
				return err
			}
			if *asJSON {
				return writeJSON(cmd.OutOrStdout(), balances)
			}
			if len(balances) == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), "nothing was posted yet")
				return err
			}
			for _, b := range balances {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-34s %14s  %d postings\n", b.Account, b.Balance, b.Postings); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return cmd
}
