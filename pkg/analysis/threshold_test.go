package analysis

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func atLeast(v float64) Range   { return Range{Min: &v} }
func atMost(v float64) Range    { return Range{Max: &v} }
func within(a, b float64) Range { return Range{Min: &a, Max: &b} }

func TestJudge(t *testing.T) {
	tests := map[string]struct {
		limits Range
		value  float64
		unit   Unit
		want   Result
	}{
		"a value on the minimum passes": {
			limits: atLeast(99), value: 99, unit: Percent,
			want: Result{Value: "99 %", Limits: "≥ 99 %", Outcome: Pass},
		},
		"a value below the minimum fails": {
			limits: atLeast(99), value: 66.66666, unit: Percent,
			want: Result{Value: "66.7 %", Limits: "≥ 99 %", Outcome: Fail, Message: "m is 66.7 %, below the minimum of 99 %"},
		},
		"a value that would round to the limit gets more digits": {
			limits: atLeast(99), value: 98.996, unit: Percent,
			want: Result{Value: "98.996 %", Limits: "≥ 99 %", Outcome: Fail, Message: "m is 98.996 %, below the minimum of 99 %"},
		},
		"nearly all does not read as all": {
			limits: atLeast(99), value: 99.99, unit: Percent,
			want: Result{Value: "99.99 %", Limits: "≥ 99 %", Outcome: Pass},
		},
		"nearly nothing does not read as nothing": {
			limits: atMost(1), value: 0.004, unit: Percent,
			want: Result{Value: "0.004 %", Limits: "≤ 1 %", Outcome: Pass},
		},
		"a difference beyond the digits is written in full": {
			limits: atLeast(99), value: 98.9999999999, unit: Percent,
			want: Result{Value: "98.9999999999 %", Limits: "≥ 99 %", Outcome: Fail, Message: "m is 98.9999999999 %, below the minimum of 99 %"},
		},
		"a value on the maximum passes": {
			limits: atMost(500), value: 500, unit: Milliseconds,
			want: Result{Value: "500 ms", Limits: "≤ 500 ms", Outcome: Pass},
		},
		"a value above the maximum fails": {
			limits: atMost(500), value: 512, unit: Milliseconds,
			want: Result{Value: "512 ms", Limits: "≤ 500 ms", Outcome: Fail, Message: "m is 512 ms, above the maximum of 500 ms"},
		},
		"a value between both limits passes": {
			limits: within(1, 5.5), value: 3.14159,
			want: Result{Value: "3.142", Limits: "≥ 1 and ≤ 5.5", Outcome: Pass},
		},
		"a value above both limits fails by the maximum": {
			limits: within(1, 5), value: 6,
			want: Result{Value: "6", Limits: "≥ 1 and ≤ 5", Outcome: Fail, Message: "m is 6, above the maximum of 5"},
		},
		"a negative value is a value": {
			limits: atLeast(-1), value: -2.5,
			want: Result{Value: "-2.5", Limits: "≥ -1", Outcome: Fail, Message: "m is -2.5, below the minimum of -1"},
		},
		"negative zero is zero": {
			limits: atMost(0), value: math.Copysign(0, -1),
			want: Result{Value: "0", Limits: "≤ 0", Outcome: Pass},
		},
		"without limits any value passes": {
			value: 7,
			want:  Result{Value: "7", Limits: "any value", Outcome: Pass},
		},
		"a large value has no decimals": {
			limits: atMost(1e6), value: 1234567.89,
			want: Result{Value: "1234568", Limits: "≤ 1000000", Outcome: Fail, Message: "m is 1234568, above the maximum of 1000000"},
		},
		"a huge value gets an exponent": {
			limits: atMost(1e20), value: 1.23456e30,
			want: Result{Value: "1.235e+30", Limits: "≤ 1e+20", Outcome: Fail, Message: "m is 1.235e+30, above the maximum of 1e+20"},
		},
		"a tiny value gets an exponent": {
			limits: atMost(1), value: 1.23456e-9,
			want: Result{Value: "1.235e-09", Limits: "≤ 1", Outcome: Pass},
		},
		"NaN is no data": {
			limits: atLeast(99), value: math.NaN(), unit: Percent,
			want: Result{Limits: "≥ 99 %", Outcome: NoData, Message: "m has no value (NaN), probably because there were no requests"},
		},
		"infinity is an error even without limits": {
			value: math.Inf(1),
			want:  Result{Limits: "any value", Outcome: Error, Message: "m is +Inf, which no limit can judge"},
		},
		"negative infinity is an error although it is below the maximum": {
			limits: atMost(1), value: math.Inf(-1),
			want: Result{Limits: "≤ 1", Outcome: Error, Message: "m is -Inf, which no limit can judge"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.want.Name = "m"
			if diff := cmp.Diff(tc.want, tc.limits.Judge("m", tc.value, tc.unit)); diff != "" {
				t.Errorf("Judge() (-want +got):\n%s", diff)
			}
		})
	}
}
