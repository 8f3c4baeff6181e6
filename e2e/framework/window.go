package framework

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Responder is who answered: a side and the version that ran there. The version
// is empty where only the route told the side.
type Responder struct {
	Side    Side
	Version string
}

// String returns the version and the side, as in "6.0.1 (canary)".
func (r Responder) String() string {
	if r.Version == "" {
		return string(r.Side)
	}
	return fmt.Sprintf("%s (%s)", r.Version, r.Side)
}

// Share is what one responder did.
type Share struct {
	Requests, Failed int
	took             []time.Duration
}

// Quantile returns the latency that a share of q of the requests stayed within, 0 < q <= 1.
// It is 0 without requests.
func (s Share) Quantile(q float64) time.Duration {
	if len(s.took) == 0 {
		return 0
	}
	return s.took[max(0, int(q*float64(len(s.took))+0.5)-1)]
}

// SuccessRate returns the percentage of requests that did not fail, and false without requests.
func (s Share) SuccessRate() (percent float64, ok bool) {
	if s.Requests == 0 {
		return 0, false
	}
	return 100 * float64(s.Requests-s.Failed) / float64(s.Requests), true
}

// Window counts a set of requests in several ways.
type Window struct {
	Sent, Failed int
	// Answers counts by status code, or by fault where no answer came.
	Answers map[string]int
	By      map[Responder]Share
	// Failures are the failed requests themselves, in the order in which they began.
	Failures []Sample
}

// WindowOf counts samples.
func WindowOf(samples []Sample) Window {
	w := Window{Answers: map[string]int{}, By: map[Responder]Share{}}
	for _, s := range samples {
		w.count(s)
	}
	for r, share := range w.By {
		slices.Sort(share.took)
		w.By[r] = share
	}
	return w
}

func (w *Window) count(s Sample) {
	w.Sent++
	w.Answers[s.answer()]++
	r := Responder{Side: s.Side(), Version: s.Version}
	share := w.By[r]
	share.Requests++
	share.took = append(share.took, s.Took)
	if s.Failed() {
		w.Failed++
		share.Failed++
		w.Failures = append(w.Failures, s)
	}
	w.By[r] = share
}

func (s Sample) answer() string {
	if s.Fault != "" {
		return s.Fault
	}
	return fmt.Sprint(s.Code)
}

// Side adds up what all versions of a side did.
func (w Window) Side(side Side) Share {
	return w.sum(func(r Responder) bool { return r.Side == side })
}

// Version adds up what a version did, on either side.
func (w Window) Version(version string) Share {
	return w.sum(func(r Responder) bool { return r.Version == version })
}

func (w Window) sum(fits func(Responder) bool) Share {
	var total Share
	for r, share := range w.By {
		if fits(r) {
			total.Requests += share.Requests
			total.Failed += share.Failed
			total.took = append(total.took, share.took...)
		}
	}
	slices.Sort(total.took)
	return total
}

// Responders returns who answered, the busiest first.
func (w Window) Responders() []Responder {
	return slices.SortedFunc(maps.Keys(w.By), func(a, b Responder) int {
		return cmp.Or(cmp.Compare(w.By[b].Requests, w.By[a].Requests), cmp.Compare(a.String(), b.String()))
	})
}

// Answered lists the responders with their requests, as in "6.0.0 (primary) 120, 6.0.1 (canary) 31".
func (w Window) Answered() string {
	var parts []string
	for _, r := range w.Responders() {
		parts = append(parts, fmt.Sprintf("%s %d", r, w.By[r].Requests))
	}
	return strings.Join(parts, ", ")
}

// String sums the window up in one line, with the first failures.
func (w Window) String() string {
	line := fmt.Sprintf("%d sent, %d failed, answered by %s", w.Sent, w.Failed, w.Answered())
	for i, s := range w.Failures {
		if i == 5 {
			return fmt.Sprintf("%s; and %d more", line, len(w.Failures)-i)
		}
		line += fmt.Sprintf("; %s %s %s cluster=%q peer=%q %s",
			s.Began.Format("15:04:05.000"), s.answer(), s.Took.Round(time.Millisecond), s.Cluster, s.Peer, s.Detail)
	}
	return line
}
