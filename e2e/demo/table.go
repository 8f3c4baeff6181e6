package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// acts cuts the story into the phases of its releases.
func (s *story) acts() []act {
	acts := []act{{title: firstVersion + " alone"}}
	acts = append(acts, s.actsOf(goodVersion, s.good, s.bad)...)
	return append(acts, s.actsOf(badVersion, s.bad, time.Time{})...)
}

// actsOf cuts one release, from the moment at which it was taken up.
func (s *story) actsOf(version string, from, until time.Time) []act {
	var acts []act
	views := s.release.Views(from)
	if len(views) == 0 {
		return nil
	}
	phase := views[0].Phase() // that of the release before: the first thing to change is the Deployment
	for _, v := range views {
		if !until.IsZero() && v.At.After(until) {
			break
		}
		if v.Phase() != phase {
			phase = v.Phase()
			acts = append(acts, act{title: version + " " + string(phase), from: v.At})
		}
	}
	return acts
}

// table says who answered how many requests in each phase, and how long everything took.
func (s *story) table(tally *framework.Tally) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprint(t, "\nPHASE\tSENT\tFAILED\tANSWERED BY\n")
	acts := s.acts()
	for i, a := range acts {
		until := time.Time{}
		if i+1 < len(acts) {
			until = acts[i+1].from
		}
		row(t, a.title, tally.Between(a.from, until))
	}
	row(t, "in all", tally.All())
	_, _ = fmt.Fprintln(t)
	for _, f := range s.measured(tally) {
		_, _ = fmt.Fprintf(t, "%s\t%s\n", f.what, f.value)
	}
	_ = t.Flush()
	return b.String()
}

func row(t *tabwriter.Writer, title string, w framework.Window) {
	if w.Sent > 0 {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", title, w.Sent, w.Failed, w.Answered())
	}
}

// judge returns what went otherwise than it must: outcomes, and lost requests.
func (s *story) judge(tally *framework.Tally) error {
	var wrong []error
	for _, lost := range s.lost(tally) {
		wrong = append(wrong, fmt.Errorf("lost: %s", framework.WindowOf([]framework.Sample{lost})))
		if len(wrong) == 10 {
			break
		}
	}
	if image := framework.ImageOf(s.rolledBack.Primary); image != framework.Image(goodVersion) {
		wrong = append(wrong, fmt.Errorf("after the rollback the primary runs %s, not %s", image, framework.Image(goodVersion)))
	}
	return errors.Join(wrong...)
}

// lost returns the requests that failed and that the bad version did not answer itself.
func (s *story) lost(tally *framework.Tally) []framework.Sample { return tally.Select(isLost) }

func isLost(r framework.Sample) bool {
	own := r.Side() == framework.Canary && r.Version == framework.VersionOf(framework.Image(badVersion)) &&
		r.Code == http.StatusInternalServerError
	return r.Failed() && !own
}
