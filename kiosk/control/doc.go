// Package control is the running kiosk's unix socket, and the client of it.
//
// The kiosk alone owns its journal and its card terminal. Whoever wants to know
// something of a running kiosk asks it here: HTTP with JSON over a unix socket
// that lets in only root and the kiosk's own user (peer credentials, checked by
// the kernel's word). Without a running kiosk kioskctl only reads files.
//
//	GET /v1/screen             the page that is shown: name, texts, actions and where they are
//	GET /v1/payments           the payments of this process, without personal data
//	GET /v1/health             devices, problems, the last closing of the day
//	POST /v1/terminal/status   ask the card terminal how it is
//	POST /v1/terminal/totals   its totals beside the journal's sum
//	POST /v1/terminal/last     its last result and slip
//	POST /v1/terminal/probe    find the reading of its check byte
//	POST /v1/terminal/close    close its day now
//	POST /v1/payment/resolve   a person's word on a charge that is unknown
//	POST /v1/outbox/retry      send a parked row again
//	POST /v1/printer/print     print a paper for the maintainer: readiness, day, test
//
// What does something is refused (409) while a card is being charged, and each
// order is in the log with the user who gave it, when it came and how it ended.
//
// The page carries what is on the screen, no more; names of persons are never
// there.
package control
