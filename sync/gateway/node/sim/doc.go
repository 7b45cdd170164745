// Package sim is the national node as its callers see it: the four operations
// over HTTP, with tokens that expire, idempotency keys, the published faults, and
// creditors behind it that answer by the first digits of the notice, as those of
// pagopa/pagopa-mock-ec do.
//
// It misbehaves on command ([Trouble]): no answer before or after the thing was
// done, a page instead of an answer, half of one, slowness, a SOAP fault, faults
// of the table. It counts what it did; a test compares that with the gateway's
// ledger.
//
// With a [Validator] every request and every answer is checked against the
// published schema by a program that nobody here wrote; an answer of the
// simulator that fails is the simulator's own mistake and is kept in
// [Node.Mistakes]. Without one it says so once.
package sim
