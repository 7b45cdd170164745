package main

// Operators: their accounts from the command line, and their pages beside the
// kiosks' listener.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/user"
	"text/tabwriter"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/operator"
)

func operatorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "operator", Short: "Who may use the operators' pages",
		Long: "Who may use the operators' pages. A viewer looks; an operator also decides doubts, settles refunds, acknowledges\n" +
			"alarms and enrols kiosks; an admin also keeps the operators and reads what they did.",
	}
	cmd.AddCommand(operatorAddCommand(), operatorListCommand(), operatorResetCommand(), operatorDisableCommand())
	return cmd
}

// byConsole is what is written of an act on the command line.
func byConsole(what, name, detail string) gateway.Action {
	who := "console"
	if u, err := user.Current(); err == nil {
		who += ":" + u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "local"
	}
	return gateway.Action{Operator: who, Action: what, Object: name, Detail: detail, Address: host}
}

func operatorsKeyFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("operators-key", "", "file of the key that seals the operators' TOTP secrets in the book, made if it is not there (default beside a book in a file)")
}

// writeSealed opens the book with the key that seals the operators' secrets.
func writeSealed(cmd *cobra.Command, path string, f func(*gateway.Store) error) error {
	if err := readStore(cmd, func(*gateway.Store) error { return nil }); err != nil {
		return err // writing would make a new book where there is none
	}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	key, err := operatorsKey(path, cmd.Flag("db").Value.String(), log)
	if err != nil {
		return err
	}
	return withStore(cmd, gateway.StoreConfig{OperatorsKey: key}, log, f)
}

func operatorAddCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{Use: "add NAME", Short: "Make an account; its password and TOTP secret are shown once", Args: cobra.ExactArgs(1)}
	cmd.Flags().StringVar(&role, "role", "viewer", "viewer, operator or admin")
	key := operatorsKeyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		given, secrets, err := operator.NewSecrets(args[0], operator.DefaultCost())
		if err != nil {
			return err
		}
		return writeSealed(cmd, *key, func(store *gateway.Store) error {
			o := gateway.Operator{Name: args[0], Role: gateway.Role(role), Secrets: secrets}
			if err := store.AddOperator(cmd.Context(), o, byConsole("operator.add", o.Name, role)); err != nil {
				return err
			}
			return tellSecrets(cmd, o.Name, given)
		})
	}
	return cmd
}

func operatorResetCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "reset NAME", Short: "Give an account a new password and TOTP secret; it is unlocked, and enabled", Args: cobra.ExactArgs(1)}
	key := operatorsKeyFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		given, secrets, err := operator.NewSecrets(args[0], operator.DefaultCost())
		if err != nil {
			return err
		}
		return writeSealed(cmd, *key, func(store *gateway.Store) error {
			if err := store.ResetOperator(cmd.Context(), args[0], secrets, byConsole("operator.reset", args[0], "")); err != nil {
				return err
			}
			return tellSecrets(cmd, args[0], given)
		})
	}
	return cmd
}

// tellSecrets shows what is never shown again.
func tellSecrets(cmd *cobra.Command, name string, g operator.Given) error {
	code, err := qrcode.New(g.URL, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the code: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\noperator  %s\npassword  %s\nTOTP      %s\n\nThese are not shown again. The QR code, or the TOTP line, is for the app that makes the codes.\n",
		code.ToSmallString(false), name, g.Password, g.TOTP)
	return err
}

func operatorDisableCommand() *cobra.Command {
	return &cobra.Command{
		Use: "disable NAME", Short: "Shut an account out, and end its sessions", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeStore(cmd, func(store *gateway.Store) error {
				return store.DisableOperator(cmd.Context(), args[0], byConsole("operator.disable", args[0], ""))
			})
		},
	}
}

func operatorListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The accounts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return readStore(cmd, func(store *gateway.Store) error {
				all, err := store.Operators(cmd.Context())
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "NAME\tROLE\tSTATE\tSINCE\tLAST SEEN")
				for _, o := range all {
					state, seen := "good", "never"
					switch {
					case !o.Disabled.IsZero():
						state = "disabled"
					case !o.Locked.IsZero():
						state = "locked until " + o.Locked.Format(time.DateTime)
					}
					if !o.Seen.IsZero() {
						seen = o.Seen.Format(time.DateTime)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Name, o.Role, state, o.Made.Format(time.DateOnly), seen)
				}
				return w.Flush()
			})
		},
	}
}

// errPlainOperators keeps passwords off the network.
var errPlainOperators = errors.New("--operator without --tls: plain HTTP is served on the loopback only; give --tls DIR, or a loopback address behind a web server")

// operators opens the operators' listener: over TLS where the kiosks' is, but no
// browser is asked for a certificate.
func operators(ctx context.Context, r *reach, store *gateway.Store, h gateway.HandlerConfig, log *slog.Logger) (func(context.Context) error, error) {
	if r.host == nil && !loopback(r.operator) {
		return nil, errPlainOperators
	}
	cfg := operator.Config{Secure: r.host != nil}
	if h.Authority != nil {
		cfg.Fingerprint, cfg.Gateway = h.Authority.Fingerprint(), r.proposed()
	}
	if h.Catalogue != nil {
		cfg.Catalogue = h.Catalogue.Catalogue
	}
	server, err := operator.NewServer(store, cfg, log)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", r.operator)
	if err != nil {
		return nil, fmt.Errorf("listen for the operators: %w", err)
	}
	log.Info("operators' pages", "address", l.Addr().String(), "tls", cfg.Secure)
	if cfg.Secure {
		l = tls.NewListener(l, &tls.Config{GetCertificate: r.host.Certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	return func(ctx context.Context) error { return server.Run(ctx, l) }, nil
}

// proposed is how kiosks probably reach this gateway.
func (r *reach) proposed() string {
	_, port, err := net.SplitHostPort(r.listen)
	if err != nil || len(r.names) == 0 {
		return ""
	}
	return "https://" + net.JoinHostPort(r.names[0], port)
}
