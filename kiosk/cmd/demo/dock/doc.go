// Package dock is the hand that holds the simulated devices of a demonstration:
// a web page for people and an HTTP API for programs, on the loopback alone.
//
// The page is the API with buttons: scan a paper, put a card in and choose how
// the terminal answers, pull the paper from the printer, cut the network, kill
// the kiosk; beside them, live, what every device is doing, what the terminal
// charged, which papers came out and what the gateway booked. It is served
// from the program itself: no build step, nothing from the Internet.
//
// # API
//
// Everything is JSON. A command is answered with 204, or with a status of 400
// and {"error": "..."} when it makes no sense.
//
//	GET  /api/state              the whole rig (rig.State)
//	GET  /api/events             the same as server-sent events, whenever it changes
//	GET  /api/papers             the cases to scan: [{"name":"fine","title":"...","text":"PAGOPA|002|..."}]
//	POST /api/scan               {"paper":"fine"} | {"text":"any code"} | {"torn":"fine"}
//	POST /api/terminal           {"behaviour":"approve"}, with delay_ms, text, times, amount where the behaviour takes them
//	POST /api/terminal/card      {"card":"bancomat"}: put in while the terminal asks for one
//	POST /api/terminal/red       the red key
//	POST /api/printer            {"do":"pull"}, {"do":"pull-after","rows":300}, {"do":"mend"} ...
//	POST /api/network            {"state":"open"|"cut"|"swallow"|"silent", "delay_ms":0}
//	POST /api/kiosk              {"do":"start"|"stop"|"kill"}
//	GET  /api/choices            the words that these commands take
//	GET  /api/charges            what the terminal's own book holds
//	GET  /api/prints             the papers that came out
//	GET  /api/prints/{n}.png     one of them, as the head burned it; n from 1
//	GET  /api/payments/{id}      the gateway's rows of a payment
//	GET  /api/screen.png         the glass, when the display is the rig's own
//
// It is not a part of the kiosk and never runs on one.
package dock
