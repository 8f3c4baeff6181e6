package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// window is how far back the live figures look.
const window = 5 * time.Second

// barWidth is the length of the bar that shows the weights.
const barWidth = 50

// picture is how things stand, in a few lines of equal meaning each time.
func (s *story) picture(now time.Time) []string {
	v := s.release.Last()
	lines := []string{
		"",
		fmt.Sprintf("  %-12s primary %3d %% %s %3d %% canary", v.Phase(), v.Route.Primary, bar(v.Route.Canary), v.Route.Canary),
	}
	for _, figure := range s.figures(now)[1:] {
		lines = append(lines, "  "+figure)
	}
	if v.Canary == nil {
		return lines
	}
	for _, c := range v.Canary.Status.Checks {
		lines = append(lines, fmt.Sprintf("  Linnet: %s is %s (%s): %s %s", c.Name, or(c.Value, "unknown"), c.Limits, c.Verdict, c.Message))
	}
	return append(lines, "  Next: "+or(v.Canary.Status.Message, "nothing to do"))
}

// bar is a line in which the canary's share is filled, from the right.
func bar(canary int) string {
	filled := canary * barWidth / 100
	return strings.Repeat("─", barWidth-filled) + strings.Repeat("█", filled)
}

// figures are what the load sees: where traffic goes, and how each side answers.
func (s *story) figures(now time.Time) []string {
	v := s.release.Last()
	w := s.load.Tally().Between(now.Add(-window), time.Time{})
	sent, failed := s.load.Tally().Count()
	return []string{
		s.summary(),
		side("primary", framework.ImageOf(v.Primary), w.Side(framework.Primary)),
		side("canary", framework.ImageOf(v.Target), w.Side(framework.Canary)),
		fmt.Sprintf("all: %.0f requests/s, %d sent, %d failed", s.load.Tally().Rate(), sent, failed),
	}
}

// summary says where the release stands.
func (s *story) summary() string {
	v := s.release.Last()
	return fmt.Sprintf("%s %d/%d", v.Phase(), v.Route.Primary, v.Route.Canary)
}

// side says how one side answers. The image of the target is not that of a canary while nothing is asked of it.
func side(name, image string, share framework.Share) string {
	rate, ok := share.SuccessRate()
	if !ok {
		return fmt.Sprintf("%-7s  no requests", name)
	}
	return fmt.Sprintf("%-7s  %-6s %6.2f %% ok, half within %s, 99 %% within %s, %.0f requests/s", name, framework.VersionOf(image), rate,
		millis(share.Quantile(0.5)), millis(share.Quantile(0.99)), float64(share.Requests)/window.Seconds())
}

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
