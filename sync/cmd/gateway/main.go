// Command gateway is the central gateway: it serves the kiosks, and shows the
// operator what its book says.
//
//	gateway serve --db gateway.db --listen 127.0.0.1:8480 --seed
//	gateway serve --config /etc/jolly/gateway.toml
//	gateway config check /etc/jolly/gateway.toml
//	gateway serve --db gateway.db --listen :8480 --tls tls --name gateway.example.org
//	gateway enrol PO-001 --db gateway.db --tls tls --url https://gateway.example.org:8480
//	gateway fleet status --db gateway.db
//	gateway fleet command PO-001 test-page --key operator.pem --by "M. Rossi" --db gateway.db
//	gateway operator add ada --role admin --db gateway.db
//	gateway serve --db gateway.db --operator 127.0.0.1:8490
//	gateway payment show 0197b0e6-... --db gateway.db --json
//	gateway payment decide 0197b0e6-... --charged 000042 --by "M. Rossi" --db gateway.db
//	gateway ledger --db gateway.db --json
//	gateway doctor --db postgres://gateway@db/book
//	gateway backup /var/backups/book-2026-11-22 --db gateway.db
//	gateway report commissions --from 2026-11-01 --to 2026-11-30 --out commissions.pdf --db gateway.db
//
// decide ends the doubt about a charge of unknown result; it may be used beside
// a serving gateway, too. The showing commands open the book for reading only and can run beside a
// serving gateway. Logs are JSON lines on the standard error output.
package main

// The command line of the gateway. Each command has a file of its own.

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gateway:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use: "gateway", Short: "The central gateway of T-Serve", SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return settle(cmd, os.Environ()) },
	}
	root.PersistentFlags().String("config", "", "file of the settings, such as /etc/jolly/gateway.toml; JOLLY_GATEWAY_* and the flags win over it")
	root.PersistentFlags().String("db", "gateway.db", "the book: a file, or postgres://user@host/database (password by PGPASSWORD or ~/.pgpass)")
	root.AddCommand(
		serveCommand(),
		configCommand(),
		migrateCommand(),
		doctorCommand(),
		backupCommand(),
		restoreCommand(),
		paymentCommand(),
		nodeCommand(),
		ledgerCommand(),
		reportCommand(),
		catalogueCommand(),
		enrolCommand(),
		fleetCommand(),
		operatorCommand(),
	)
	root.SetFlagErrorFunc(flagMistake)
	plain(root)
	return root
}
