package gateway

// The catalogue in force: its creditors in the book, its document for kiosks.

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
	"github.com/tserve/jolly/sync/gateway/catalogue"
)

// ErrOlderCatalogue says that the book has had a newer catalogue in force.
var ErrOlderCatalogue = errors.New("the book has had a newer catalogue in force")

// ErrChangedCatalogue says that the content was changed and its version was not.
var ErrChangedCatalogue = errors.New("the book has had another content under this version of the catalogue: raise the version")

// PutCatalogue puts a signed catalogue in force: it fills the creditors and their
// GLNs, keeps the catalogue in the book, and lets the forms of those before it be
// understood further on. A version older than one that was in force before is
// refused with [ErrOlderCatalogue], the same version with another content with
// [ErrChangedCatalogue]: a form is read by the version that it was shown from.
func (s *Store) PutCatalogue(ctx context.Context, served *catalogue.Served) error {
	content, err := catalogue.Canonical(served.Catalogue)
	if err != nil {
		return fmt.Errorf("put catalogue: %w", err)
	}
	var known []*kiosk.Catalogue
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		if known, err = keptCatalogues(ctx, tx); err != nil {
			return err
		}
		for _, k := range known {
			if kiosk.CompareVersions(k.Version, served.Catalogue.Version) > 0 {
				return fmt.Errorf("%w: %s, not %s", ErrOlderCatalogue, k.Version, served.Catalogue.Version)
			}
			same, err := catalogue.Canonical(k)
			if err != nil {
				return err
			}
			if k.Version == served.Catalogue.Version && !bytes.Equal(same, content) {
				return fmt.Errorf("%w: %s", ErrChangedCatalogue, k.Version)
			}
		}
		if err := fillCreditors(ctx, tx, served.Catalogue); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO catalogues (version, content, key_id, used_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (version) DO UPDATE SET content = excluded.content, key_id = excluded.key_id, used_at = excluded.used_at`,
			served.Catalogue.Version, string(content), served.Key, s.now().UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("put catalogue: %w", err)
	}
	for _, k := range known {
		if k.Version != served.Catalogue.Version {
			s.UseCatalogue(k)
		}
	}
	s.UseCatalogue(served.Catalogue)
	s.log.Info("catalogue in force", "version", served.Catalogue.Version, "services", len(served.Catalogue.Services), "key", served.Key)
	return nil
}

// keptCatalogues are the last ones that were in force, the oldest first.
func keptCatalogues(ctx context.Context, tx *sql.Tx) (all []*kiosk.Catalogue, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT content FROM catalogues")
	if err != nil {
		return nil, fmt.Errorf("read kept catalogues: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var content []byte
		if err := rows.Scan(&content); err != nil {
			return nil, fmt.Errorf("read kept catalogues: %w", err)
		}
		c := new(kiosk.Catalogue)
		if err := json.Unmarshal(content, c); err != nil {
			return nil, fmt.Errorf("read kept catalogues: %w", err)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *kiosk.Catalogue) int { return kiosk.CompareVersions(a.Version, b.Version) })
	return all[max(0, len(all)-maxCatalogues):], rows.Err()
}

// fillCreditors gives each creditor the name and the GLN of the catalogue. Those
// that it does not name stay: debts may be theirs.
func fillCreditors(ctx context.Context, tx *sql.Tx, c *kiosk.Catalogue) error {
	for _, cr := range c.Creditors { // a GLN that moved is taken from its old owner first
		if cr.GLN == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, "UPDATE creditors SET gln = NULL WHERE gln = $1 AND code <> $2", cr.GLN, string(cr.Code)); err != nil {
			return fmt.Errorf("creditor %s: %w", cr.Code, err)
		}
	}
	for _, cr := range c.Creditors {
		_, err := tx.ExecContext(ctx, `INSERT INTO creditors (code, name, gln) VALUES ($1, $2, $3)
			ON CONFLICT (code) DO UPDATE SET name = excluded.name, gln = excluded.gln`, string(cr.Code), cr.Name, nullable(cr.GLN))
		if err != nil {
			return fmt.Errorf("creditor %s: %w", cr.Code, err)
		}
	}
	return nil
}

// maxAge is how long nobody need ask again, in seconds; then the tag is asked for.
const maxAge = "60"

// catalogue serves the signed document, or says that it has not changed.
func (h *handler) catalogue(w http.ResponseWriter, r *http.Request) {
	served := h.cfg.Catalogue
	if served == nil {
		h.problem(w, refuse(api.ProblemCodePathUnknown, "no catalogue is in force here"))
		return
	}
	w.Header().Set("ETag", served.ETag)
	w.Header().Set("Cache-Control", "private, max-age="+maxAge)
	if matches(r.Header.Values("If-None-Match"), served.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", api.MediaJSON)
	h.write(w, http.StatusOK, served.Document)
}

// matches says that a tag is among those of If-None-Match (RFC 9110, 13.1.2).
func matches(lists []string, tag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}
