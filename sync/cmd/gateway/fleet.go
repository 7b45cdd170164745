package main

// The fleet: how the kiosks are, and orders to them.

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/fleet"
	"github.com/tserve/jolly/sync/gateway/notify"
)

func fleetCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "fleet", Short: "How the kiosks are, and orders to them"}
	cmd.AddCommand(fleetStatusCommand(), fleetOrderCommand(), fleetOrdersCommand(), fleetKeygenCommand())
	return cmd
}

func fleetStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "status [KIOSK]", Short: "The last heartbeat of each kiosk, and its open alarms", Args: cobra.MaximumNArgs(1)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			all, err := store.Fleet(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				all = slices.DeleteFunc(all, func(k gateway.FleetKiosk) bool { return k.ID != args[0] })
				if len(all) == 0 {
					return fmt.Errorf("%s was never heard of", args[0])
				}
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KIOSK\tSTATE\tSEEN\tDEVICES\tBACKLOG\tPROGRAM\tCATALOGUE\tALARMS")
			for _, k := range all {
				fmt.Fprintf(w, "%s\t%s\t%s ago\t%s\t%d\t%s\t%s\t%s\n", k.ID, k.State, time.Since(k.Seen).Round(time.Second), devicesOf(k.Devices),
					k.Waiting, k.Program, k.Catalogue, alarmsOf(k.Alarms))
			}
			return w.Flush()
		})
	}
	return cmd
}

// devicesOf names those that do not work; "all OK" when there is none.
func devicesOf(all []fleet.Device) string {
	var bad []string
	for _, d := range all {
		if d.Status != fleet.OK {
			bad = append(bad, fmt.Sprintf("%s %s (%s)", d.Name, d.Status, d.Reason))
		}
	}
	if len(bad) == 0 {
		return "all OK"
	}
	return strings.Join(bad, ", ")
}

func alarmsOf(all []fleet.Alarm) string {
	var words []string
	for _, a := range all {
		words = append(words, string(a.Kind)+": "+a.Detail)
	}
	return strings.Join(words, "; ")
}

func actions() string {
	var all []string
	for _, a := range api.CommandActions() {
		all = append(all, string(a))
	}
	return strings.Join(all, ", ")
}

func fleetOrderCommand() *cobra.Command {
	var keyFile, by string
	cmd := &cobra.Command{
		Use: "command KIOSK ACTION", Short: "Order something of a kiosk: " + actions(), Args: cobra.ExactArgs(2),
		Long: "Order something of a kiosk, signed with the operator's key. The kiosk takes it with its next heartbeat, carries\n" +
			"it out once, when nobody stands there, and tells what became of it: gateway fleet commands. After four hours\nit has expired. The actions: " + actions() + ".",
	}
	cmd.Flags().StringVar(&keyFile, "key", "", "file of the operator's key, as gateway fleet keygen makes it")
	cmd.Flags().StringVar(&by, "by", "", "who orders it, kept here and at the kiosk")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		key, err := operatorKey(keyFile)
		if err != nil {
			return err
		}
		return writeStore(cmd, func(store *gateway.Store) error {
			if err := knownKiosk(cmd, store, args[0]); err != nil {
				return err
			}
			c, err := store.Order(cmd.Context(), args[0], api.CommandAction(args[1]), by, key)
			if errors.Is(err, api.ErrNotCommand) {
				return fmt.Errorf("%w; the list: %s", err, actions())
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s ordered of %s, until %s\n", c.ID, c.Action, c.Kiosk, time.UnixMilli(c.Expires).Format(time.DateTime))
			return err
		})
	}
	return cmd
}

// knownKiosk says that a kiosk was enrolled or heard of: an order for a name that
// was typed wrong would wait for nobody.
func knownKiosk(cmd *cobra.Command, store *gateway.Store, id string) error {
	heard, err := store.Fleet(cmd.Context())
	if err != nil {
		return err
	}
	enrolled, err := store.Enrolments(cmd.Context())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(heard, func(k gateway.FleetKiosk) bool { return k.ID == id }) &&
		!slices.ContainsFunc(enrolled, func(e gateway.Enrolled) bool { return e.Kiosk == id && e.Revoked.IsZero() }) {
		return fmt.Errorf("%s is not enrolled and was never heard of", id)
	}
	return nil
}

func operatorKey(file string) (ed25519.PrivateKey, error) {
	if file == "" {
		return nil, fmt.Errorf("an order is signed: give the operator's key with --key FILE (gateway fleet keygen makes one)")
	}
	key, err := catalogue.ReadKey(file)
	if err != nil {
		return nil, fmt.Errorf("operator's key: %w", err)
	}
	return key, nil
}

func fleetOrdersCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "commands [KIOSK]", Short: "The last orders, and what became of them", Args: cobra.MaximumNArgs(1)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return readStore(cmd, func(store *gateway.Store) error {
			all, err := store.Orders(cmd.Context(), strings.Join(args, ""), 100)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), all)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "MADE\tKIOSK\tORDER\tBY\tRESULT\tDETAIL\tID")
			for _, o := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o.Made.Format(time.DateTime), o.Kiosk, o.Action, o.By, o.Result, o.Detail, o.ID)
			}
			return w.Flush()
		})
	}
	return cmd
}

func fleetKeygenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keygen FILE", Short: "Make the operator's key; tells what goes into the kiosks' gateway.command_key", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := catalogue.NewKey()
			if err != nil {
				return err
			}
			if err := catalogue.WriteKey(args[0], key); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), api.FormatKey(catalogue.Public(key)))
			return err
		},
	}
}

// alarms is how people are told.
type alarms struct {
	webhook, mailServer, mailUser, mailPassword, mailFrom string
	mailTo                                                []string
	pages                                                 string
}

func alarmFlags(cmd *cobra.Command) *alarms {
	a := &alarms{}
	f := cmd.Flags()
	f.StringVar(&a.webhook, "alarm-webhook", "", "https:// address that gets each alarm as JSON")
	f.StringVar(&a.mailServer, "alarm-mail-server", "", "host:port of the mail server for alarms")
	f.StringVar(&a.mailUser, "alarm-mail-user", "", "user at the mail server")
	f.StringVar(&a.mailPassword, "alarm-mail-password-file", "", "file with the password at the mail server")
	f.StringVar(&a.mailFrom, "alarm-mail-from", "", "whom alarms by mail come from")
	f.StringVar(&a.pages, "alarm-pages", "", "https://host:port of the operators' pages: alarms carry a link to the kiosk")
	f.StringSliceVar(&a.mailTo, "alarm-mail-to", nil, "who gets alarms by mail (may be repeated)")
	return a
}

// ways are the configured ways to people.
func (a *alarms) ways() ([]notify.Way, error) {
	pages, err := notify.NewPages(a.pages)
	if err != nil {
		return nil, err
	}
	var all []notify.Way
	if a.webhook != "" {
		w, err := notify.NewWebhook(a.webhook, pages)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	if a.mailServer == "" {
		return all, nil
	}
	cfg := notify.MailConfig{Server: a.mailServer, User: a.mailUser, From: a.mailFrom, To: a.mailTo, Pages: pages}
	if a.mailPassword != "" {
		b, err := os.ReadFile(a.mailPassword)
		if err != nil {
			return nil, fmt.Errorf("mail password: %w", err)
		}
		cfg.Password = strings.TrimRight(string(b), "\r\n")
	}
	m, err := notify.NewMail(cfg)
	if err != nil {
		return nil, err
	}
	return append(all, m), nil
}
