package rig

// The national node: simulated in this process, so that killing the gateway
// kills none of its counts.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/gateway"
	"github.com/tserve/jolly/sync/gateway/catalogue"
	"github.com/tserve/jolly/sync/gateway/node/sim"
)

// nodeCreditors are those of the samples whose debts live at the node: Pisa, and
// Tuscany with its car tax.
var nodeCreditors = []kiosk.CreditorCode{"00341620508", "01386030488"}

// pspCode begins the idempotency keys.
const pspCode = "97735020584"

// nodeDesk is the node and the door that it stands behind.
type nodeDesk struct {
	*sim.Node
	addr   string
	server *http.Server
	ended  chan error
}

// openNode lets the node know the samples of its creditors, and serve them.
func (r *Rig) openNode(ctx context.Context) error {
	known, err := catalogue.Load()
	if err != nil {
		return fmt.Errorf("make node: %w", err)
	}
	n := &nodeDesk{Node: sim.New(sim.Config{}), ended: make(chan error, 1)}
	due := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	for _, s := range slices.Concat(gateway.Samples(), gateway.CardSamples(), gateway.ServiceSamples(known)) {
		if !slices.Contains(nodeCreditors, s.Creditor) {
			continue
		}
		d := sim.Debt{Parts: []kiosk.Amount{s.Amount}, Changed: s.Asked - s.Amount, Subject: s.Subject, Company: "Ente " + string(s.Creditor), Due: due}
		n.Add(s.Creditor, s.Notice, d)
		if len(s.Form) == 2 && s.Service == "toscana-bollo" {
			n.AddTax(s.Form[1], s.Creditor, s.Notice, d)
		}
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("make node: %w", err)
	}
	n.addr = l.Addr().String()
	n.server = &http.Server{Handler: n.Node, ReadHeaderTimeout: time.Minute}
	go func() { n.ended <- n.server.Serve(l) }()
	r.node = n
	return os.WriteFile(r.nodePassword(), []byte(sim.Known().Password+"\n"), 0o600)
}

func (r *Rig) nodePassword() string { return r.path("node-password") }

// NodeCounts are what the national node says that it did.
func (r *Rig) NodeCounts() sim.Counts { return r.node.Counts() }

// args are the gateway's flags for this node.
func (r *Rig) nodeArgs() []string {
	who := sim.Known()
	args := []string{"--node-url", "http://" + r.node.addr, "--node-psp", who.PSP, "--node-broker", who.Broker, "--node-channel", who.Channel,
		"--node-psp-code", pspCode, "--node-password-file", r.nodePassword()}
	for _, c := range nodeCreditors {
		args = append(args, "--node-creditor", string(c))
	}
	return args
}

func (n *nodeDesk) close() error {
	if n == nil {
		return nil
	}
	err := n.server.Close()
	if served := <-n.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
