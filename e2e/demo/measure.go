package main

import (
	"fmt"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// figure is one measured value of the table.
type figure struct{ what, value string }

// measured returns the times that the releases took.
func (s *story) measured(tally *framework.Tally) []figure {
	shift := s.first(s.good, func(v framework.View) bool { return v.Route.Canary > 0 })
	ready := s.first(s.good, framework.PodsReady(goodVersion))
	whole := s.promoted.At.Sub(s.good)
	beyond := whole - time.Duration(len(s.steps))*interval
	return []figure{
		{"Requests offered and reached", fmt.Sprintf("%d/s over %d connections offered, %.0f/s reached", s.rate, s.connections, tally.Rate())},
		{goodVersion + ": change to first shift", fmt.Sprintf("%s, of which %s after its pods were ready", seconds(shift.Sub(s.good)), seconds(shift.Sub(ready)))},
		{goodVersion + ": whole release", fmt.Sprintf("%s, %s beyond its %d analyses", seconds(whole), seconds(beyond), len(s.steps))},
		{badVersion + ": first bad answer to route back", s.rescue(tally)},
		{"Failed requests that the bad version did not answer", fmt.Sprint(len(s.lost(tally)))},
	}
}

// rescue says how long users met the bad version's errors.
func (s *story) rescue(tally *framework.Tally) string {
	failures := tally.Between(s.bad, time.Time{}).Failures
	if len(failures) == 0 {
		return "it gave no bad answer"
	}
	first := failures[0].Began
	back := s.first(first, func(v framework.View) bool { return v.Route.Known && v.Route.Canary == 0 })
	last := failures[len(failures)-1].Began
	when := "before"
	if last.After(back) {
		when = "after"
	}
	return fmt.Sprintf("%s; the last bad answer %s %s that", seconds(back.Sub(first)), seconds(back.Sub(last).Abs()), when)
}

// first returns when a view from a time on first fitted, or the time itself when none did.
func (s *story) first(from time.Time, fits func(framework.View) bool) time.Time {
	for _, v := range s.release.Views(from) {
		if fits(v) {
			return v.At
		}
	}
	return from
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
