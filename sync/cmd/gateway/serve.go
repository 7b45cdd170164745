package main

// The serving command.

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "serve", Short: "Serve the kiosks and the citizens' pages", Args: cobra.NoArgs}
	reached := reachFlags(cmd)
	seed := cmd.Flags().Bool("seed", false, "write the demonstration's creditors and debts of Prato")
	people := cmd.Flags().String("people-key", "", "file of the key that hides citizens in the book, made if it is not there (default beside a book in a file)")
	operators := operatorsKeyFlag(cmd)
	csca := cmd.Flags().String("csca", "", "certificates of the issuers of citizens' cards (PEM file, folder, ICAO master list); without them no card finds anything")
	catalogueOf := catalogueFlags(cmd)
	watched := watchFlags(cmd)
	nodes := nodeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
		key, err := peopleKey(*people, cmd.Flag("db").Value.String(), log)
		if err != nil {
			return err
		}
		sealing, err := operatorsKey(*operators, cmd.Flag("db").Value.String(), log)
		if err != nil {
			return err
		}
		cards, err := cardCheck(*csca, log)
		if err != nil {
			return err
		}
		store, err := openStore(cmd, gateway.StoreConfig{PeopleKey: key, OperatorsKey: sealing, Cards: cards}, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.Close()) }()
		served, err := catalogueOf()
		if err != nil {
			return err
		}
		if served != nil {
			if err := store.PutCatalogue(cmd.Context(), served); err != nil {
				return err
			}
		}
		endNode, err := nodes.use(store, served, log)
		if err != nil {
			return err
		}
		defer endNode()
		if *seed {
			if err := store.Seed(cmd.Context()); err != nil {
				return err
			}
		}
		err = watched.while(cmd.Context(), store, gateway.HandlerConfig{Catalogue: served}, log, func(ctx context.Context, cfg gateway.HandlerConfig) error {
			return reached.serve(ctx, store, cfg, log)
		})
		log.Info("stopped")
		return err
	}
	return cmd
}
