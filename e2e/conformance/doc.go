// Package conformance checks docs/conformance.md: that every row of its tables
// names a test, that the test exists, and that no field of a Canary's
// definition is left out.
package conformance
