package cie

// One reading, from the first command to the chip's own proof.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/tserve/jolly/cardreader/apdu"
	"github.com/tserve/jolly/cardreader/cie/pace"
	"github.com/tserve/jolly/cardreader/proof"
	"github.com/tserve/jolly/cardreader/proof/lds"
	"github.com/tserve/jolly/kiosk"
)

// Read reads the card. Its errors carry CodeCardWrongCAN for a CAN or a zone
// that does not open the chip, CodeCardNotGenuine for a chip without the key
// that its issuer signed, CodeCardRemoved for a card that was pulled out.
func Read(ctx context.Context, ch apdu.Channel, o Options) (Data, error) {
	r := &reader{ch: ch, random: rand.Reader}
	defer r.close()
	d, err := r.read(ctx, o)
	if err != nil {
		return Data{}, problem(err)
	}
	return d, nil
}

func (r *reader) close() {
	if r.session != nil {
		r.session.Wipe()
	}
}

func problem(err error) error {
	var p *kiosk.Problem
	switch {
	case errors.As(err, &p):
		return err
	case errors.Is(err, apdu.ErrRemoved):
		return &kiosk.Problem{Code: kiosk.CodeCardRemoved, Op: "read cie", Err: err}
	case errors.Is(err, apdu.ErrLost):
		return &kiosk.Problem{Code: kiosk.CodeCardReaderGone, Op: "read cie", Err: err}
	}
	return &kiosk.Problem{Code: kiosk.CodeCardUnreadable, Op: "read cie", Err: err}
}

func (r *reader) read(ctx context.Context, o Options) (Data, error) {
	d := Data{Evidence: kiosk.CardEvidence{Kind: kiosk.CardCIE3}}
	var err error
	if d.NISEvidence.Number, err = r.nis(ctx); err != nil {
		return d, err
	}
	d.NIS = string(d.NISEvidence.Number)
	if len(o.CAN) == 0 && o.MRZ == nil {
		return d, r.nisProof(ctx, o.Challenge, &d.NISEvidence)
	}
	if d.Evidence.Opened, err = r.open(ctx, o); err != nil {
		return d, err
	}
	if err := r.files(ctx, &d.Evidence); err != nil {
		return d, err
	}
	if err := r.chipAuthentication(ctx, &d.Evidence); err != nil {
		return d, err
	}
	if len(o.Challenge) == 0 {
		return d, nil
	}
	d.Evidence.Challenge = slices.Clone(o.Challenge)
	return d, r.activeAuthentication(ctx, &d.Evidence)
}

// open agrees on keys and selects the travel document under them.
func (r *reader) open(ctx context.Context, o Options) (string, error) {
	how, err := r.agree(ctx, o)
	if err != nil {
		return "", err
	}
	if how != "bac" {
		if _, err := r.do(ctx, apdu.Command{INS: 0xA4, P1: 4, P2: 0x0C, Data: aidEMRTD}); err != nil {
			return "", fmt.Errorf("select the travel document: %w", err)
		}
	}
	return how, nil
}

func (r *reader) agree(ctx context.Context, o Options) (string, error) {
	ref, secret, how := byte(pace.PasswordCAN), o.CAN, "pace-can"
	if len(o.CAN) == 0 {
		text, err := lds.KeyText(o.MRZ.Document, o.MRZ.Birth, o.MRZ.Expiry)
		if err != nil {
			return "", kiosk.Errorf(kiosk.CodeCardWrongCAN, "open cie", "%w", err)
		}
		defer clear(text)
		ref, secret, how = pace.PasswordMRZ, text, "pace-mrz"
	}
	access, err := r.cardAccess(ctx)
	if err == nil {
		info, err := pace.Choose(access)
		if err != nil {
			return "", err
		}
		password := pace.Password(ref, secret)
		defer clear(password)
		return how, r.pace(ctx, info, ref, password)
	}
	if !refused(err) {
		return "", err
	}
	if ref != pace.PasswordMRZ {
		return "", fmt.Errorf("the card has no PACE, and a CAN opens nothing else: %w", err)
	}
	if _, err := r.do(ctx, apdu.Command{INS: 0xA4, P1: 4, P2: 0x0C, Data: aidEMRTD}); err != nil {
		return "", fmt.Errorf("select the travel document: %w", err)
	}
	return "bac", r.bac(ctx, secret)
}

// cardAccess reads the file that says which PACE there is. It lies in the
// master file, which the selections before have left.
func (r *reader) cardAccess(ctx context.Context) ([]byte, error) {
	if _, err := r.do(ctx, apdu.Command{INS: 0xA4, P2: 0x0C, Data: []byte{0x3F, 0x00}}); err != nil && !refused(err) {
		return nil, fmt.Errorf("select the master file: %w", err)
	}
	return r.file(ctx, fileCardAccess)
}

// files reads what COM says is there, as far as a kiosk needs it.
func (r *reader) files(ctx context.Context, ev *kiosk.CardEvidence) error {
	com, err := r.file(ctx, fileCOM)
	if err != nil {
		return err
	}
	tags, err := lds.ParseCOM(com)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		tag  byte
		id   uint16
		into *[]byte
	}{
		{lds.TagDG1, fileDG1, &ev.DG1}, {lds.TagDG11, fileDG11, &ev.DG11},
		{lds.TagDG14, fileDG14, &ev.DG14}, {lds.TagDG15, fileDG15, &ev.DG15},
	} {
		if !slices.Contains(tags, f.tag) {
			continue
		}
		if *f.into, err = r.file(ctx, f.id); err != nil {
			return err
		}
	}
	ev.SOD, err = r.file(ctx, fileSOD)
	return err
}

// activeAuthentication lets the chip sign the gateway's challenge.
func (r *reader) activeAuthentication(ctx context.Context, ev *kiosk.CardEvidence) error {
	if len(ev.DG15) == 0 {
		return nil
	}
	sig, err := r.do(ctx, apdu.Command{INS: 0x88, Data: proof.ActiveChallenge(ev.Challenge), Le: apdu.LeAllExtended, Extended: true})
	if refused(err) {
		return kiosk.Errorf(kiosk.CodeCardNotGenuine, "read cie", "active authentication: %w", err)
	}
	if err != nil {
		return fmt.Errorf("active authentication: %w", err)
	}
	ev.ActiveSignature = sig
	return nil
}
