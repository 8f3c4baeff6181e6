// Package analysis judges measurements: it holds a number against its limits,
// brings several judgements to one outcome and a sentence for people, and
// renders the queries of metric templates.
//
// It is part of the heart: it imports the standard library only, asks nobody
// and knows no clock.
package analysis
