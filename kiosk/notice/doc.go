// Package notice says what a code on paper says: the text that a reader sent
// becomes a [kiosk.Notice], or a [kiosk.Problem] whose Code names what the
// citizen is holding instead.
//
// [Read] is for scanned codes, [ReadTyped] for the two numbers that a citizen
// types. [Reader.Decode] gives everything that the code holds, also what is
// personal (debtor, subject) and never leaves the machine in a log. The rest of
// the package are the check digits of Italian papers: notice numbers, creditor
// and VAT codes, codice fiscale, ISO 11649 references, plates.
//
// It is not a decoder of pictures, it does not ask anybody whether the debt
// exists, and it has no table of creditors: a notice without a creditor's code
// is returned without one, and the caller says CodeNoticeNeedsCreditor when it
// cannot find the creditor either.
//
// # What is read
//
//	pagoPA QR      PAGOPA|002|notice 18|creditor 11|cents 1..11 [|anything]
//	Data Matrix    codfase=NBPA; and the fields of the postal slip TD 896
//	GS1-128        415 GLN 8020 notice 3902 cents, with and without GS and ( )
//	code line      50 digits of a postal slip: 18 notice 12 account 10 cents 3 896
//
// Literals are compared without regard to case (Caps Lock). The AIM symbology
// identifier is used where the text alone could be two things and never
// demanded; one that was left in front of the text ("]C1415...") is taken off.
// A separator of the QR that a keyboard layout changed ("PAGOPA>002>...") is
// repaired only when the whole text fits with one and the same other sign.
//
// # Check digits
//
// A scanned code is never refused for check digits: pagoPA's own software does
// not test them and test systems print wrong ones. They become bits of
// [kiosk.Warning], on typed numbers too, where the screen asks "does the paper
// really say so?". A first digit outside 0 to 3 is refused, except by a
// [Reader] with AnyAuxDigit, which test environments need.
//
// # Torn or unreadable
//
// CodeNoticeTorn is for what begins like a notice and is too short, too long or
// glued to a second code: reading it again helps. CodeNoticeUnreadable is for
// everything that cannot be recognised with certainty, and for a notice whose
// printed fields hold what cannot stand there: reading again does not help,
// typing does.
//
// # What is refused by name
//
//   - A slip of document type 247 in the 50-digit layout is a MAV. A bare scanned
//     number of 17 digits is a MAV or a RAV: both have 17, no published source
//     tells their check digits, so which of the two it is cannot be known. It is
//     answered as MAV; the words for MAV should fit both. RAV is answered only
//     where the code itself says "RAV".
//   - A bare scanned number of 18 digits may be a notice number, a postal MAV or
//     a payment app's code (WeChat Pay and Alipay have 18 too): unreadable.
//   - Bollettino freccia: the 62 characters with an Italian IBAN in its place
//     whose own check digits hold.
//   - Shop bar codes: what the reader names as EAN/UPC; without an identifier,
//     8, 12, 13 or 14 digits whose check digit holds.
//
// The package is pure: no clock, no I/O, no goroutine, no log, no global state.
// All functions may be called from everywhere at once. The causes inside its
// Problems name fields and lengths, never what stood there.
package notice
