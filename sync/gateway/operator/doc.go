// Package operator is the operators' pages at the gateway: the fleet's state,
// one kiosk, payments and what the book knows of each, doubts and refunds with
// their decision, alarms, reports, the catalogue, enrolment, and, for admins, the
// accounts and what was done with them.
//
// The pages are made here, whole: html/template, one style sheet, the house's
// type. They work without a script; the one that there is keeps the fleet's page
// fresh. Nothing personal is on them, because nothing personal is read: no name,
// no fiscal code, no card number, no body of a row, no receipt token.
//
// It is not the maintainer's page of a kiosk (package admin), and it decides
// nothing by itself: what a decision does is the gateway's own, and a mistake of
// these pages meets the same rules of the book as a kiosk's would.
//
// # Who gets in
//
// A password and a code of six digits (TOTP, RFC 6238), both at once, refused in
// the same words whichever was wrong. Passwords lie in the book as argon2id (RFC
// 9106, its second recommendation: 64 MiB, three passes, four lanes); at most two
// are worked on at a time. A code is good once. Tries are counted before they are
// made, by account and by address, and lock both for longer and longer. A session
// is 256 random bits, of which the book holds the hash; it ends after 15 minutes
// without use and after 8 hours in any case. Forms carry a token of the session,
// and what a browser says comes from elsewhere is refused. A TOTP secret must be
// readable to be of use: whoever can read the book can make codes, but not
// passwords.
//
// What an operator does is written in the book before it is done, with his name
// and address; so is what was refused.
//
// # Goroutines and failure
//
// [Server.Run] owns the only goroutine. A book that cannot be reached is a page
// that says so; the log has the cause.
package operator
