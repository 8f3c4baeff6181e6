package analysis

import "fmt"

// Combine returns what several checks come to together, and one sentence about
// the worst of them, which is empty when all have passed. Among equally bad ones
// the first counts. A failure outweighs an error: a version that is known to be
// bad is bad whatever the other checks would have said. An error outweighs
// missing data. A check that was never made is an error, and no checks are a pass.
func Combine(results []Result) (Outcome, string) {
	var worst Result
	bad := 0
	for _, r := range results {
		if severity(r.Outcome) == 0 {
			continue
		}
		if bad == 0 || severity(r.Outcome) > severity(worst.Outcome) {
			worst = r
		}
		bad++
	}
	if bad == 0 {
		return Pass, ""
	}
	return outcome(worst), sentence(worst, bad-1)
}

// severity orders outcomes from harmless to decisive.
func severity(o Outcome) int {
	switch o {
	case Pass:
		return 0
	case NoData:
		return 1
	case Fail:
		return 3
	case Unchecked, Error:
	}
	return 2
}

func outcome(r Result) Outcome {
	if r.Outcome == Unchecked {
		return Error
	}
	return r.Outcome
}

func sentence(r Result, others int) string {
	s := r.Message
	switch {
	case s == "" && r.Outcome == Unchecked:
		s = r.Name + " was not checked"
	case s == "":
		s = r.Name + " came to " + r.Outcome.String()
	}
	switch others {
	case 0:
		return s
	case 1:
		return s + "; 1 more check did not pass"
	}
	return fmt.Sprintf("%s; %d more checks did not pass", s, others)
}
