package analysis

import "time"

// Outcome is what one check, or all of them, came to.
type Outcome int

const (
	// Unchecked is the zero value.
	Unchecked Outcome = iota
	// Pass means that the value is within its range.
	Pass
	// Fail means that it is not.
	Fail
	// NoData means that the provider answered and had no value.
	NoData
	// Error means that there is no trustworthy answer.
	Error
)

// String returns the outcome as the API spells it.
func (o Outcome) String() string {
	return [...]string{"Unchecked", "Pass", "Fail", "NoData", "Error"}[o]
}

// Result is what one check came to.
type Result struct {
	// Name is the metric's or webhook's name.
	Name string
	// Value is the measured value with its unit, empty without one.
	Value string
	// Limits is the accepted range in words, such as "≥ 99 %".
	Limits  string
	Outcome Outcome
	// Message is one sentence that says why, empty on a pass.
	Message string
	// At is when it was measured.
	At time.Time
}
