package main

// Enrolment of kiosks: tokens, certificates, and taking them away.

import (
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/skip2/go-qrcode"
	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/pki"
)

func enrolCommand() *cobra.Command {
	var dir, url string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "enrol KIOSK", Short: "Make a one-time token for a kiosk, as text and QR code", Args: cobra.ExactArgs(1),
		Long: "Make a token with which a kiosk gets its certificate: good for one hour and for one use. At the kiosk:\n" +
			"kioskctl enrol TOKEN. It says where the gateway is and by what authority it is known. A kiosk that has a\ncertificate keeps it until the new one is there.",
	}
	cmd.Flags().StringVar(&dir, "tls", "/var/lib/jolly-gateway/tls", "directory of the authority, as of gateway serve")
	cmd.Flags().StringVar(&url, "url", "", "how the kiosk reaches the gateway: https://host:port")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		fingerprint, err := pki.ReadFingerprint(dir)
		if err != nil {
			return fmt.Errorf("%w; gateway serve --tls DIR makes it, tell it here with --tls", err)
		}
		if url == "" {
			return errors.New("--url names no gateway: say how the kiosk reaches this one, --url https://host:port, with a --name of gateway serve")
		}
		return writeStore(cmd, func(store *gateway.Store) error {
			// Its form is looked at before the book is changed.
			if _, err := api.NewEnrolmentToken("aaaaaaaaaaaaaaaaaaaaaaaaaa", fingerprint, url); err != nil {
				return fmt.Errorf("--url %q: %w", url, err)
			}
			secret, expires, err := store.NewToken(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			token, err := api.NewEnrolmentToken(secret, fingerprint, url)
			if err != nil {
				return err
			}
			return tellToken(cmd, args[0], token, expires, asJSON)
		})
	}
	cmd.AddCommand(enrolListCommand(), enrolRevokeCommand())
	return cmd
}

func tellToken(cmd *cobra.Command, kioskID string, token api.EnrolmentToken, expires time.Time, asJSON bool) error {
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), map[string]any{
			"kiosk": kioskID, "token": token.String(), "expires": expires.UTC(), "gateway": token.Gateway, "fingerprint": token.Fingerprint,
		})
	}
	code, err := qrcode.New(token.String(), qrcode.Medium)
	if err != nil {
		return fmt.Errorf("draw the code: %w", err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\nkiosk    %s\ngateway  %s\nuntil    %s, one use\n\nAt the kiosk:\n\n    kioskctl enrol %s\n",
		code.ToSmallString(false), kioskID, token.Gateway, expires.Format(time.DateTime), token)
	return err
}

// writeStore opens the book for a change, beside a gateway that may be serving it.
func writeStore(cmd *cobra.Command, f func(*gateway.Store) error) error {
	if err := readStore(cmd, func(*gateway.Store) error { return nil }); err != nil {
		return err // writing would make a new book where there is none
	}
	log := slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	return withStore(cmd, gateway.StoreConfig{}, log, f)
}

func enrolListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "Certificates of all kiosks, and tokens that wait", Args: cobra.NoArgs}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			all, err := store.Enrolments(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KIOSK\tSERIAL\tBY\tSINCE\tUNTIL\tSTATE")
			for _, e := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Kiosk, e.Serial, e.How, e.Since.Format(time.DateTime), e.Until.Format(time.DateTime), stateOf(e))
			}
			return w.Flush()
		})
	}
	return cmd
}

func stateOf(e gateway.Enrolled) string {
	switch {
	case !e.Revoked.IsZero():
		return "revoked " + e.Revoked.Format(time.DateTime) + " " + e.Reason
	case e.Expired:
		return "expired"
	case e.How == "waiting":
		return "not used yet"
	}
	return "good"
}

func enrolRevokeCommand() *cobra.Command {
	var reason string
	var unknown bool
	cmd := &cobra.Command{
		Use: "revoke KIOSK|SERIAL", Short: "Take a kiosk's certificates away, at once", Args: cobra.ExactArgs(1),
		Long: "Take all certificates of a kiosk away, or the one of a serial. From this moment on the gateway refuses it\nin words; what waits in its outbox goes on waiting, and is delivered when the kiosk is enrolled anew.",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, kept in the book")
	cmd.Flags().BoolVar(&unknown, "unknown", false, "also certificates of the kiosk that this book does not know: it was restored, perhaps")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return writeStore(cmd, func(store *gateway.Store) error {
			if unknown {
				if err := store.RevokeUnknown(cmd.Context(), args[0], reason); err != nil {
					return err
				}
			}
			n, err := store.Revoke(cmd.Context(), args[0], reason)
			if err != nil && !(unknown && errors.Is(err, gateway.ErrNoKiosk)) {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d certificates revoked\n", args[0], n)
			return err
		})
	}
	return cmd
}
