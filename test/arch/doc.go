// Package arch keeps the map of the project: who may import whom, and the few
// rules of the source that a compiler does not check.
//
// It has tests only. Each rule is a row of a table in rules_test.go and stands
// there with its reason, which is printed when the rule is broken. The source
// is parsed and not built: build tags hide nothing, and neither a display nor a
// C compiler is needed.
//
// A rule about a package that does not exist holds nothing and says nothing; it
// bites from the day on which the package appears. That each rule does bite is
// tested with fabricated source in bite_test.go.
//
// It is no linter: style, length and complexity are not its business.
package arch
