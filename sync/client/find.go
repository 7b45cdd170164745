package client

// Finding what is owed without a paper: by the citizen's card and by a form.

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tserve/jolly/kiosk"
	"github.com/tserve/jolly/sync/api"
)

// Challenge asks for a single-use challenge that the citizen's card is to sign
// in this visit. Errors are gateway-busy and gateway-offline.
func (c *Client) Challenge(ctx context.Context, visit string) (kiosk.Challenge, error) {
	var answer api.Challenge
	err := c.do(ctx, call{
		op: "challenge", method: http.MethodPost, path: "/v1/challenges", body: api.ChallengeRequest{Kiosk: c.kiosk, Visit: visit}, into: &answer,
	})
	if err != nil {
		return kiosk.Challenge{}, err
	}
	if answer.ID == "" || len(answer.Bytes) < minChallenge || answer.LifeSeconds < 1 {
		return kiosk.Challenge{}, c.offline("challenge", errors.New("the challenge is not whole"))
	}
	return kiosk.Challenge{ID: answer.ID, Bytes: answer.Bytes, Life: kiosk.Span(answer.LifeSeconds) * kiosk.Second}, nil
}

// minChallenge is the number of random bytes below which a challenge is none.
const minChallenge = 16

// LookupCitizen asks for everything that the holder of the card owes. It uses
// the challenge up, whatever comes back: after gateway-offline the card has to
// sign another one, so there is no second attempt inside. Errors are
// card-not-genuine, card-level (also when all that is owed asks for more than
// this card proved), card-expired, challenge-used, nothing-owed, gateway-busy
// and gateway-offline.
func (c *Client) LookupCitizen(ctx context.Context, visit, challenge string, ev kiosk.CardEvidence) (kiosk.Found, error) {
	req := api.LookupRequest{Kiosk: c.kiosk, Citizen: api.CitizenSearch{Visit: visit, Challenge: challenge, Card: evidenceOf(ev)}}
	return c.find(ctx, call{op: "lookup by card", body: req, once: true})
}

// LookupForm asks for what is owed under a filled form. Errors are
// service-unknown (the catalogue has changed), form-invalid, nothing-owed,
// gateway-busy and gateway-offline.
func (c *Client) LookupForm(ctx context.Context, _ string, f kiosk.Form) (kiosk.Found, error) {
	values := make([]string, 0, len(f.Values))
	for _, v := range f.Values {
		values = append(values, v.Clear())
	}
	for len(values) > 0 && values[len(values)-1] == "" {
		values = values[:len(values)-1]
	}
	req := api.LookupRequest{Kiosk: c.kiosk, Form: api.FormSearch{Catalogue: f.Catalogue, Service: f.Service, Values: values}}
	return c.find(ctx, call{op: "lookup by form", body: req})
}

// find makes a lookup whose answer is a list.
func (c *Client) find(ctx context.Context, o call) (kiosk.Found, error) {
	var answer api.Found
	o.method, o.path, o.into = http.MethodPost, "/v1/lookup", &answer
	if err := c.do(ctx, o); err != nil {
		return kiosk.Found{}, err
	}
	found, err := foundOf(answer)
	switch {
	case err != nil:
		return kiosk.Found{}, c.offline(o.op, err)
	case found.Count > 0:
		return found, nil
	case found.Withheld:
		return kiosk.Found{}, &kiosk.Problem{Code: kiosk.CodeCardLevel, Op: o.op, Err: errors.New("all that is owed asks for more proof")}
	default:
		return kiosk.Found{}, &kiosk.Problem{Code: kiosk.CodeNothingOwed, Op: o.op, Err: errors.New("the gateway found nothing")}
	}
}

// foundOf takes a list only when every bill of it is whole.
func foundOf(a api.Found) (kiosk.Found, error) {
	out := kiosk.Found{More: a.More, Withheld: a.Withheld}
	if a.Bills == nil || len(a.Bills) > kiosk.MaxFound {
		return out, fmt.Errorf("%d bills: not an answer to a lookup", len(a.Bills))
	}
	for _, b := range a.Bills {
		q, err := quoteOf(b)
		if err != nil {
			return out, err
		}
		out = out.With(q)
	}
	return out, nil
}

func evidenceOf(ev kiosk.CardEvidence) api.CardEvidence {
	return api.CardEvidence{
		Kind: api.CardEvidenceKind(ev.Kind), Challenge: ev.Challenge, Sod: ev.SOD, Dg1: ev.DG1, Dg11: ev.DG11, Dg14: ev.DG14, Dg15: ev.DG15,
		Opened: api.CardEvidenceOpened(ev.Opened), ChipAuthentication: ev.ChipAuthentication, ActiveSignature: ev.ActiveSignature,
		PersonalData: ev.PersonalData, Certificate: ev.Certificate, Signature: ev.Signature,
	}
}
