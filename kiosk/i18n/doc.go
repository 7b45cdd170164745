// Package i18n puts values into a language: words from the catalogue, amounts
// of money, dates and moments.
//
// The words lie in assets/translations, one TOML file per area and language
// ("screen.it.toml", "receipt.zh.toml"), in the format of go-i18n with CLDR
// plurals. A test demands that every key stands in every language with the same
// placeholders. The language is always an argument: there is no current one,
// because the paper of one citizen and the screen of the next may differ.
//
// A missing key is a mistake of the program: it yields the key itself, so that
// a citizen sees no crash, and the catalogue test fails.
package i18n
