// Package flows plays citizens' visits written as scripts through the shipped
// cores: session, payment and screen. No device, no clock, no goroutine.
//
// A script is a text file. A line is a command; the lines under it that begin
// with two spaces are what happened: the page that stands now, and the effects
// that the runner would carry out. The test plays the commands and compares;
//
//	go test ./test/flows -rewrite
//
// writes what happens now into the scripts. Commit only changes whose cause is
// understood.
//
//	scan TEXT              a paper under the reader, AIM prefix and all
//	touch ID               an action of the page that stands
//	type DIGITS            the keys of the keypad
//	card KIND [card=N tries=N others]   a card is laid down: cie-3, ts-cns, unknown
//	card-out [card=N others]            it is taken away
//	card-read | card-fails CODE         the reader's answer, or the gateway's after it
//	found N                             the bills of its holder
//	bill [k=v ...]         the gateway's answer: amount, fee, subject, status, id, notice, late
//	no-bill CODE           the gateway's refusal
//	saved | save-fails     the journal's answer to the step that is being saved
//	activated [amount=N]   the gateway's tokens
//	not-activated CODE     its no; unanswered CODE: no answer
//	baseline | no-baseline CODE
//	says TEXT              the terminal's display
//	charged | refused | unknown | not-started CODE
//	resolved OUTCOME | not-resolved
//	closed ok|duplicate    the gateway's closing
//	printed | print-fails STATE | print-unknown
//	devices [k=v ...]      scanner, terminal, printer, gateway, cards
//	wait SECONDS           time passes
//	ready                  the start-up recovery ends
package flows
