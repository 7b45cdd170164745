// Package api is the wire contract between a kiosk and the central gateway.
//
// The contract is openapi.yaml; the types are generated from it and checked
// in, and a test fails when the two differ. Package client writes these types
// and reads these types; package gateway does the reverse. Neither knows the
// other.
//
// It is not the domain: amounts here are plain cents and days are texts.
// Package kiosk holds the vocabulary; the closed lists that appear in both are
// compared by a test. There is no router and no HTTP in this package, so that
// a kiosk carries none of the gateway's machinery, and no logic but [Seal] and
// [Unseal]: both ends must sign and verify a catalogue over the same bytes.
//
// Bodies of outbox rows (payment.paid and its like) travel as text inside a
// row, beside their hash; the schemas PaidBody, NotPaidBody and ReceiptBody say
// what the text holds.
package api
