// Package receipt says what stands on a paper, as data.
//
// [Lines] turns a [kiosk.Receipt] into a list of [Line]: titles, sentences,
// labels with their values, the total, rules, and one QR code. It decides the
// words, their order and their language; it knows nothing of fonts, widths,
// dots or pages, which are the business of package pdf. The same lines could be
// shown on the screen, or spoken.
//
// It is pure: no clock, no file, no goroutine, no error. What is missing in the
// receipt is left out; nothing is invented for it.
//
// # What is true
//
// A paper carries the title RICEVUTA DI PAGAMENTO only for a charge that was
// made and bills that are closed. [Truth] lowers the kind of a receipt that
// claims more than its own facts bear out, whatever the caller asked for. There is
// no way up.
//
// # The law's items
//
// SANP 3.2.1, "Attestazione di pagamento", demands eight things on a paper:
// date and time, the creditor's fiscal code and name, the IUV, the name and
// fiscal code of the PSP, the unique number of the payment, the amount and the
// reason. Their Italian names stand beside the translated ones, because an
// office will look for those. The QR code leads to the receipt's public page; it
// is never the code of the notice, so that a paid notice is not paid twice.
package receipt
