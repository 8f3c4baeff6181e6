package analysis

import "testing"

func TestCombine(t *testing.T) {
	pass := Result{Name: "fine", Outcome: Pass}
	slow := Result{Name: "slow", Outcome: Fail, Message: "slow is 9 ms, above the maximum of 5 ms"}
	bad := Result{Name: "bad", Outcome: Fail, Message: "bad is 1 %, below the minimum of 99 %"}
	broken := Result{Name: "broken", Outcome: Error, Message: "broken could not be measured"}
	empty := Result{Name: "empty", Outcome: NoData, Message: "empty has no data"}

	tests := map[string]struct {
		results    []Result
		want       Outcome
		wantReason string
	}{
		"no checks are a pass":            {want: Pass},
		"all passing is a pass":           {results: []Result{pass, pass}, want: Pass},
		"one failure fails":               {results: []Result{pass, slow, pass}, want: Fail, wantReason: slow.Message},
		"a failure outweighs an error":    {results: []Result{broken, slow}, want: Fail, wantReason: slow.Message + "; 1 more check did not pass"},
		"an error outweighs no data":      {results: []Result{empty, broken}, want: Error, wantReason: broken.Message + "; 1 more check did not pass"},
		"no data outweighs a pass":        {results: []Result{pass, empty}, want: NoData, wantReason: empty.Message},
		"the first of two failures leads": {results: []Result{pass, bad, slow, empty}, want: Fail, wantReason: bad.Message + "; 2 more checks did not pass"},
		"a check that was not made is an error": {
			results: []Result{pass, {Name: "forgotten"}}, want: Error, wantReason: "forgotten was not checked",
		},
		"a failure without words is named": {
			results: []Result{{Name: "mute", Outcome: Fail}}, want: Fail, wantReason: "mute came to Fail",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, reason := Combine(tc.results)
			if got != tc.want || reason != tc.wantReason {
				t.Errorf("Combine() = %s, %q, want %s, %q", got, reason, tc.want, tc.wantReason)
			}
		})
	}
}
