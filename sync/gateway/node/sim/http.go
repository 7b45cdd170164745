package sim

// The node's door: SOAP over HTTP, and the ways in which it can fail.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tserve/jolly/sync/gateway/node/wire"
)

// Trouble is what happens to one call.
type Trouble struct {
	Kind  TroubleKind
	Fault string        // for TroubleFault
	Delay time.Duration // for TroubleSlow and TroubleHold
}

// TroubleKind is how a call fails.
type TroubleKind string

// The ways to fail. "After" means that the thing was done.
const (
	TroubleDropBefore TroubleKind = "drop-before" // the line is cut, nothing was done
	TroubleDropAfter  TroubleKind = "drop-after"  // done, and the line is cut
	TroublePage       TroubleKind = "page"        // a web page with status 200
	TroubleHalf       TroubleKind = "half"        // done, and half of the answer
	TroubleSOAP       TroubleKind = "soap-fault"  // a fault of the envelope with status 500
	TroubleFault      TroubleKind = "fault"       // a fault of the node, nothing was done
	TroubleSlow       TroubleKind = "slow"        // done after a while
	TroubleHold       TroubleKind = "hold"        // done, and the answer comes after a while
	TroubleEntities   TroubleKind = "entities"    // a document type full of entities
)

// Make lets the next calls of an operation fail, one trouble each.
func (n *Node) Make(action string, all ...Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.troubles[action] = append(n.troubles[action], all...)
}

// Drop forgets the troubles of an operation that nobody has met yet.
func (n *Node) Drop(action string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.troubles, action)
}

func (n *Node) trouble(action string) (t Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if all := n.troubles[action]; len(all) > 0 {
		t, n.troubles[action] = all[0], all[1:]
	}
	return t
}

// ServeHTTP answers one call.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBytes))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "one SOAP message by POST", http.StatusBadRequest)
		return
	}
	action := strings.Trim(r.Header.Get("SOAPAction"), `"`)
	t := n.trouble(action)
	switch t.Kind {
	case TroubleSlow:
		if !n.held(r.Context(), t.Delay) {
			return
		}
	case TroubleDropBefore:
		panic(http.ErrAbortHandler)
	case TroublePage:
		fmt.Fprint(w, "<!doctype html><html><body>Accedi alla rete</body></html>")
		return
	case TroubleSOAP:
		soapFault(w, "soapenv:Server", "Internal Error")
		return
	case TroubleEntities:
		fmt.Fprint(w, `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>`)
		return
	}
	if n.hangs(action, body) && !n.patient(r.Context()) {
		return
	}
	answer, err := n.answer(action, body, t)
	if err != nil {
		soapFault(w, "soapenv:Client", err.Error())
		return
	}
	switch t.Kind {
	case TroubleDropAfter:
		panic(http.ErrAbortHandler)
	case TroubleHalf:
		answer = answer[:len(answer)/2]
	case TroubleHold:
		if !n.held(r.Context(), t.Delay) {
			return
		}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	fmt.Fprint(w, answer)
}

// held waits, unless the caller goes first.
func (n *Node) held(ctx context.Context, delay time.Duration) bool {
	n.mu.Lock()
	n.counts.Held++
	n.mu.Unlock()
	select {
	case <-time.After(delay):
		return true
	case <-ctx.Done():
		return false
	}
}

// hangs says that the creditor of the notice does not answer the node.
func (n *Node) hangs(action string, body []byte) bool {
	var r struct {
		Notice wire.Notice `xml:"qrCode"`
	}
	if action != wire.ActionVerify && action != wire.ActionActivate || wire.Unmarshal(body, wire.Elements[action].Request, &r) != nil {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.find(r.Notice.Creditor, r.Notice.Number).Hang
}

// patient waits for a silent creditor as long as the node does, unless the
// caller goes first.
func (n *Node) patient(ctx context.Context) bool { return n.held(ctx, n.cfg.Patience) }

func soapFault(w http.ResponseWriter, code, text string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault><faultcode>%s</faultcode><faultstring>%s</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`, code, text)
}

// answer does what is asked, unless the schema or a trouble forbids it, and
// checks its own words.
func (n *Node) answer(action string, body []byte, t Trouble) (string, error) {
	names, known := wire.Elements[action]
	if !known {
		return "", errors.New("no such operation")
	}
	refused := ""
	if err := n.check(body); err != nil {
		refused = "PPT_SINTASSI_EXTRAXSD"
	}
	if t.Kind == TroubleFault {
		refused = t.Fault
	}
	answer, err := n.do(action, body, refused)
	if err != nil {
		return "", err
	}
	text, ok := answer.(string)
	if !ok {
		raw, err := wire.Marshal(names.Answer, answer)
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	if err := n.check([]byte(text)); err != nil {
		n.mu.Lock()
		n.mistakes = append(n.mistakes, err.Error())
		n.mu.Unlock()
	}
	return text, nil
}

func (n *Node) check(text []byte) error {
	if n.cfg.Validator == nil {
		return nil
	}
	return n.cfg.Validator(text)
}

// do carries one operation out under the lock. The remembered answer of an
// idempotency key comes as its text.
func (n *Node) do(action string, body []byte, refused string) (any, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	name := wire.Elements[action].Request
	if refused != "" {
		return ko(refused, ""), nil
	}
	switch action {
	case wire.ActionVerify:
		var r wire.VerifyRequest
		if err := wire.Unmarshal(body, name, &r); err != nil {
			return nil, err
		}
		return n.verify(r), nil
	case wire.ActionDemand:
		var r wire.DemandRequest
		if err := wire.Unmarshal(body, name, &r); err != nil {
			return nil, err
		}
		return n.demand(r), nil
	case wire.ActionActivate:
		var r wire.ActivateRequest
		if err := wire.Unmarshal(body, name, &r); err != nil {
			return nil, err
		}
		return n.once(action, r.Key, body, func() (any, string) { return n.activate(r) })
	default:
		var r wire.OutcomeRequest
		if err := wire.Unmarshal(body, name, &r); err != nil {
			return nil, err
		}
		return n.once(action, r.Key, body, func() (any, string) { return n.outcome(r), "" })
	}
}

// once is the rule of idempotency: the same key with the same body gives the
// same answer while what it made lives, with another body a refusal. A refusal is
// remembered as well, also of a caller who is not known; what the schema refuses
// is not (published tests IDMP_APNV2_12 to 15).
func (n *Node) once(action, key string, body []byte, do func() (answer any, token string)) (any, error) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	slot := action + " " + key
	if m, there := n.keys[slot]; key != "" && there && n.alive(m) {
		if m.body != hash {
			return ko("PPT_ERRORE_IDEMPOTENZA", ""), nil
		}
		return m.answer, nil
	}
	answer, token := do()
	raw, err := wire.Marshal(wire.Elements[action].Answer, answer)
	if err == nil && key != "" {
		n.keys[slot] = memory{body: hash, answer: string(raw), token: token, until: n.cfg.Now().Add(n.cfg.KeyLife)}
	}
	return answer, err
}

// alive says that an idempotency key still stands for its answer: it dies with
// the token or with the token's outcome.
func (n *Node) alive(m memory) bool {
	if m.token == "" {
		return n.cfg.Now().Before(m.until)
	}
	l := n.loans[m.token]
	return l != nil && l.outcome == "" && n.cfg.Now().Before(l.expires)
}
