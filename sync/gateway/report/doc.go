// Package report makes the figures that creditors, the Comune and an auditor
// ask for out of the ledger: what each creditor is owed a day ([Settlement]),
// what the payments earned by channel and body ([Commissions]), whether the
// kiosks' journals, the ledger and the bank say the same ([Match]), and the
// proof that nothing is missing or too much ([Zero]).
//
// A [Report] is a table with its sums. Every row knows the payments that it was
// made of, so that each figure can be followed down to them. It is written as
// CSV, XML (report.xsd) or PDF; the same figures, whatever the form. What creditors'
// programs read is the settlement bill by bill in its published form, [Flows].
//
// Days are those of Italy. Figures come from postings alone and never from
// prices: a rule that changed since changes no report. Nothing personal is in
// the ledger, and so in no report.
//
// Nothing here starts a goroutine, and nothing writes to the book.
package report
