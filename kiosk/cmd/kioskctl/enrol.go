package main

// The kiosk's identity: got with a token, shown without its key.

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/client"
)

func (t *tool) enrolCommands() []*cobra.Command {
	return []*cobra.Command{
		{
			Use: "enrol TOKEN", Short: "Get this kiosk's certificate with the operator's token", Args: cobra.ExactArgs(1), RunE: t.enrol,
			Long: "Get this kiosk's certificate. The token is what gateway enrol tells the operator, scanned or typed; it is\n" +
				"good for one hour and one use, and says by what authority the gateway is known. The kiosk may run\nmeanwhile. A kiosk that has a certificate keeps it until the new one is there.",
		},
		{Use: "identity", Short: "This kiosk's certificate: whose, until when", Args: cobra.NoArgs, RunE: t.identity},
	}
}

// identityReport is what both commands tell.
type identityReport struct {
	Kiosk     string    `json:"kiosk"`
	Serial    string    `json:"serial"`
	Until     time.Time `json:"until"`
	RenewAt   time.Time `json:"renewAt"`
	Authority string    `json:"authority"` // its fingerprint
	Gateway   string    `json:"gateway"`
	File      string    `json:"file"`
	Note      string    `json:"note,omitempty"`
}

func (t *tool) tellIdentity(i *client.Identity, cfg config.Config, note string) error {
	r := identityReport{
		Kiosk: i.Kiosk, Serial: i.Serial(), Until: i.Certificate.NotAfter, RenewAt: i.RenewAt(), Authority: i.Fingerprint(),
		Gateway: cfg.Gateway.URL, File: cfg.Gateway.Identity, Note: note,
	}
	return t.print(r, func(w *tabwriter.Writer) {
		fmt.Fprintf(w, "kiosk\t%s\nserial\t%s\nuntil\t%s\nrenewed from\t%s\nauthority\t%s\ngateway\t%s\nfile\t%s\n",
			r.Kiosk, r.Serial, r.Until.Format(time.DateTime), r.RenewAt.Format(time.DateTime), r.Authority, r.Gateway, r.File)
		if note != "" {
			fmt.Fprintf(w, "note\t%s\n", note)
		}
	})
}

func (t *tool) enrol(cmd *cobra.Command, args []string) error {
	token, err := api.ParseEnrolmentToken(args[0])
	if err != nil {
		return err
	}
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Gateway.Identity), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
	i, err := client.Enrol(cmd.Context(), client.EnrolConfig{Token: token, Kiosk: cfg.Kiosk.ID, File: cfg.Gateway.Identity}, log)
	if err != nil {
		return err
	}
	note := ""
	if token.Gateway != cfg.Gateway.URL {
		note = "the token's gateway is " + token.Gateway + ", gateway.url of " + t.file + " is another"
	}
	return t.tellIdentity(i, cfg, note)
}

func (t *tool) identity(*cobra.Command, []string) error {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	i, err := client.ReadIdentity(cfg.Gateway.Identity)
	if err != nil {
		return err
	}
	note := ""
	if i.Kiosk != cfg.Kiosk.ID {
		note = "kiosk.id of " + t.file + " is " + cfg.Kiosk.ID + ": the gateway will refuse it"
	}
	return t.tellIdentity(i, cfg, note)
}
