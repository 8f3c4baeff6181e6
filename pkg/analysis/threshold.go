package analysis

import (
	"fmt"
	"math"
)

// Range is what a value may be. A bound that is nil is open, and both bounds belong to the range.
type Range struct {
	Min, Max *float64
}

// Judge holds a value against the range and returns the outcome with value and
// limits in words; the caller fills in At.
// NaN is NoData, because it is what a division of nothing by nothing gives;
// an infinity is an Error, because no limit means anything to it.
func (r Range) Judge(name string, value float64, unit Unit) Result {
	res := Result{Name: name, Limits: r.Words(unit), Outcome: Pass}
	switch {
	case math.IsNaN(value):
		res.Outcome = NoData
		res.Message = name + " has no value (NaN), probably because there were no requests"
		return res
	case math.IsInf(value, 0):
		res.Outcome = Error
		res.Message = fmt.Sprintf("%s is %+v, which no limit can judge", name, value)
		return res
	}
	res.Value = unit.format(value, r.bounds()...)
	switch {
	case r.Min != nil && value < *r.Min:
		res.Outcome = Fail
		res.Message = fmt.Sprintf("%s is %s, below the minimum of %s", name, res.Value, unit.exact(*r.Min))
	case r.Max != nil && value > *r.Max:
		res.Outcome = Fail
		res.Message = fmt.Sprintf("%s is %s, above the maximum of %s", name, res.Value, unit.exact(*r.Max))
	}
	return res
}

// Words returns the range as people write it, such as "≥ 99 %", "≤ 500 ms" or "≥ 1 and ≤ 5".
func (r Range) Words(unit Unit) string {
	switch {
	case r.Min != nil && r.Max != nil:
		return "≥ " + unit.exact(*r.Min) + " and ≤ " + unit.exact(*r.Max)
	case r.Min != nil:
		return "≥ " + unit.exact(*r.Min)
	case r.Max != nil:
		return "≤ " + unit.exact(*r.Max)
	}
	return "any value"
}

func (r Range) bounds() []float64 {
	var b []float64
	for _, bound := range []*float64{r.Min, r.Max} {
		if bound != nil {
			b = append(b, *bound)
		}
	}
	return b
}
