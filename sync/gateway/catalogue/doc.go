// Package catalogue is the reviewed list of who can be paid for what: the data,
// its check, and its signature.
//
// The data are files that people review: common.toml (version, groups, fields
// that many forms share) and one file per creditor under data. They are embedded;
// [Load] makes the [kiosk.Catalogue] of them that the gateway works with and the
// kiosks show. To add a service, add a table to its creditor's file, raise the
// version, and run "gateway catalogue check". What the citizen pays is "fee", cents; where it
// is another one at a counter, a till, a Jolly or on the Internet, "fees" says so, of a
// service or of all services of a creditor ([kiosk.Catalogue.FeeOf] has the order). A field's "ask" is the question that
// its page has as title, its "name" what stands on the paper; "words" are what
// people call the service, as the kiosk's keys type them: Chinese by its pinyin.
//
// [Review] reads the files and tells everything that is wrong with them, each with
// its file. [Check] is the review that a machine can do: every text in every language and
// short enough for its place on the kiosk's screen and paper (measured with the
// kiosk's own type), pictograms that exist, check digits that hold, examples that
// their own field takes. A catalogue with a flaw is never signed.
//
// [Sign] wraps the catalogue for the wire (package api has the seal's form), and
// [Served] is what answers a kiosk's GET with an entity tag. The private key is
// the operator's: it may lie at the gateway, or elsewhere, and the gateway is
// then given the signed file.
//
// It is not a table of debts and knows no amounts but fees. Nothing here starts a
// goroutine; a loaded catalogue is never changed and may be used from everywhere.
package catalogue
