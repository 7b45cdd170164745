package main

// The commands.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/tserve/jolly/kiosk/config"
	"github.com/tserve/jolly/sync/outbox"
)

// listed is how many payments or rows a list shows.
const listed = 50

// print writes v as JSON, or lines for people.
func (t *tool) print(v any, lines func(w *tabwriter.Writer)) error {
	if t.json {
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
	w := tabwriter.NewWriter(t.out, 0, 4, 2, ' ', 0)
	lines(w)
	return w.Flush()
}

// journal opens the kiosk's journal for reading.
func (t *tool) journal(ctx context.Context, use func(*outbox.Reader) error) (err error) {
	cfg, err := config.Read(t.file)
	if err != nil {
		return err
	}
	path := filepath.Join(cfg.Kiosk.Data, "outbox.db")
	r, err := outbox.OpenReader(ctx, path)
	if err != nil {
		return closedBook(path, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return use(r)
}

// closedBook says why a book cannot be opened, where SQLite only says that it
// cannot.
func closedBook(path string, err error) error {
	if _, serr := os.Stat(path); errors.Is(serr, fs.ErrNotExist) {
		return fmt.Errorf("no book at %s: has the kiosk ever run with this configuration?", path)
	}
	// A book in use is read together with the files beside it, which are written, too.
	for _, file := range []string{path, path + "-shm"} {
		if errors.Is(unix.Access(file, unix.R_OK|unix.W_OK), fs.ErrPermission) {
			return fmt.Errorf("only root and the kiosk's own user may read the book: %w", err)
		}
	}
	return err
}

func when(ms int64) string { return time.UnixMilli(ms).Format(time.DateTime) }

// shownRow is one outbox row without its body.
type shownRow struct {
	Sequence uint64 `json:"sequence"`
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	At       string `json:"at"`
	State    string `json:"state"`
	Reason   string `json:"reason,omitempty"`
}

func shownRowOf(row outbox.Row) shownRow {
	return shownRow{row.Sequence, row.ID, string(row.Kind), when(row.OccurredAt.UnixMilli), string(row.State), row.Reason}
}

func (t *tool) outboxList(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		all := []shownRow{}
		for _, state := range []outbox.RowState{outbox.RowParked, outbox.RowPending} {
			rows, err := r.Rows(cmd.Context(), state, listed)
			if err != nil {
				return err
			}
			for _, row := range rows {
				all = append(all, shownRowOf(row))
			}
		}
		return t.print(all, func(w *tabwriter.Writer) {
			if len(all) == 0 {
				fmt.Fprintln(w, "nothing waits: everything was delivered")
				return
			}
			fmt.Fprintln(w, "sequence\tstate\tkind\tat\tid\treason")
			for _, row := range all {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", row.Sequence, row.State, row.Kind, row.At, row.ID, row.Reason)
			}
		})
	})
}

func (t *tool) outboxVerify(cmd *cobra.Command, _ []string) error {
	return t.journal(cmd.Context(), func(r *outbox.Reader) error {
		if err := r.Verify(cmd.Context()); err != nil {
			return err
		}
		return t.print(map[string]bool{"ok": true}, func(w *tabwriter.Writer) {
			fmt.Fprintln(w, "whole: chain, sequences and bodies are as they were written")
		})
	})
}

func (t *tool) configCheck(_ *cobra.Command, args []string) error {
	if _, err := config.Read(args[0]); err != nil {
		return err
	}
	return t.print(map[string]bool{"ok": true}, func(w *tabwriter.Writer) { fmt.Fprintln(w, args[0]+": no mistake found") })
}
