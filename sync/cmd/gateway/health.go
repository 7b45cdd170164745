package main

// What the doctor looks at beside the book: the files that this gateway is given,
// where its settings name them.

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/pki"
)

// How long before their end certificates are told.
const (
	nodeNotice      = 30 * 24 * time.Hour  // whoever issues it takes his time
	authorityNotice = 365 * 24 * time.Hour // every kiosk has to be enrolled anew
)

// house are the files of a gateway that can go bad.
type house struct {
	tls, node string
	catalogue func() (*catalogue.Served, error)
	trusted   func() bool // a key is named that must have signed the catalogue
}

func houseFlags(cmd *cobra.Command) *house {
	h := &house{}
	cmd.Flags().StringVar(&h.tls, "tls", "", "directory of the authority, as of gateway serve: its certificates are looked at, too")
	cmd.Flags().StringVar(&h.node, "node-certificate", "", "our certificate for the node, PEM: its end is looked at, too")
	h.catalogue = catalogueFlags(cmd)
	h.trusted = func() bool {
		signers, err := cmd.Flags().GetStringSlice("catalogue-signer")
		own := cmd.Flag("catalogue-key").Value.String() != ""
		return own || err == nil && len(signers) > 0
	}
	return h
}

// examine looks at what the settings name, and at nothing else.
func (h *house) examine(now time.Time) []gateway.Finding {
	var all []gateway.Finding
	served, err := h.catalogue()
	switch {
	case err != nil:
		all = append(all, gateway.Finding{Name: "catalogue", Detail: err.Error(),
			Cure: "gateway serve does not start with it; sign it anew (gateway catalogue sign), or say the key that signed it with --catalogue-signer"})
	case served != nil && h.trusted():
		all = append(all, gateway.Finding{Name: "catalogue", OK: true, Detail: "version " + served.Catalogue.Version + ", its signature holds"})
	case served != nil:
		all = append(all, gateway.Finding{Name: "catalogue", Detail: "version " + served.Catalogue.Version + ", and nobody says which key must have signed it: any other would be taken here, and only the kiosks would refuse it",
			Cure: "name the public key with catalogue_signer (--catalogue-signer)"})
	}
	if h.node != "" {
		all = append(all, certificate("node-certificate", h.node, now, nodeNotice,
			"ask the node's operator for the next one, then --node-certificate and --node-key; without it no debt of the node can be paid"))
	}
	if h.tls == "" {
		return all
	}
	own := filepath.Join(h.tls, "gateway.pem")
	return append(all,
		certificate("authority", filepath.Join(h.tls, "ca.pem"), now, authorityNotice,
			"plan a new authority: gateway serve --tls NEWDIR, and every kiosk enrolled anew (gateway enrol)"),
		certificate("own-certificate", own, now, pki.ServerLife/6,
			"a serving gateway renews it by itself in the last third of its life: is it running, and may it write there? Restart it"))
}

// unreadCure: what cannot be read may be as good as ever.
const unreadCure = "is the path right, and may this user read it (sudo -u jolly-gateway gateway doctor)? A file that is lost comes back from its copy"

// certificate says when the certificate of a file ends.
func certificate(name, path string, now time.Time, notice time.Duration, cure string) gateway.Finding {
	f := gateway.Finding{Name: name, Cure: cure}
	c, err := readCertificate(path)
	if err != nil {
		f.Detail, f.Cure = err.Error(), unreadCure
		return f
	}
	f.Detail = fmt.Sprintf("%s ends on %s", path, c.NotAfter.Format(time.DateOnly))
	switch {
	case now.Before(c.NotBefore):
		f.Detail = fmt.Sprintf("%s begins on %s: is this machine's clock right?", path, c.NotBefore.Format(time.DateTime))
		f.Cure = "run timedatectl: the time service must be active"
	case !now.Before(c.NotAfter):
		f.Detail = fmt.Sprintf("%s has ended on %s", path, c.NotAfter.Format(time.DateTime))
	case c.NotAfter.Sub(now) > notice:
		f.OK, f.Cure = true, ""
	}
	return f
}

func readCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("read certificate: " + path + " holds no certificate in PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read certificate %s: %w", path, err)
	}
	return c, nil
}
