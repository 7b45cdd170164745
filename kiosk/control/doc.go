// Package control is the running kiosk's unix socket, and the client of it.
//
// The kiosk alone owns its journal and its card terminal. Whoever wants to know
// something of a running kiosk asks it here: HTTP with JSON over a unix socket
// that lets in only root and the kiosk's own user (peer credentials, checked by
// the kernel's word). Without a running kiosk kioskctl only reads files.
//
//	GET /v1/screen    the page that is shown: name, texts, actions and where they are
//	GET /v1/payments  the payments of this process, without personal data
//	GET /v1/health    the devices
//
// The page carries what is on the screen, no more; names of persons are never
// there.
package control
