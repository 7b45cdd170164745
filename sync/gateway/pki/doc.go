// Package pki is the gateway's private certificate authority: it makes its own
// root, signs the gateway's certificate and each kiosk's, and says when a
// kiosk's has to be renewed.
//
// A kiosk makes its key itself and keeps it; what comes here is a request
// (PKCS #10) of which only the key counts. Who it is follows from the one-time
// token, or from the certificate that it still has, and never from what the
// request says of itself. The kiosk's id stands in the certificate as a URI,
// urn:tserve:kiosk:ID, so that no other certificate of the same authority can be
// taken for one.
//
// It is not the book: which tokens were used and which certificates were revoked
// is kept by package gateway. It starts no goroutine and has no clock.
package pki
