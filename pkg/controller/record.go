package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// recordOf reads the heart's memory from the status.
func recordOf(s flaggerv1.CanaryStatus) rollout.Record {
	return rollout.Record{
		Phase:        rollout.Phase(s.Phase),
		Stage:        rollout.Stage(s.Stage),
		Weight:       s.CanaryWeight,
		FailedChecks: s.FailedChecks,
		Iterations:   s.Iterations,
		LastApplied:  s.LastAppliedSpec,
		LastPromoted: s.LastPromotedSpec,
		CheckedAt:    s.LastAnalysisTime.Time,
		ErrorsSince:  s.ErrorsSince.Time,
		Failure:      s.FailureReason,
	}
}

// record writes what was decided into the status, in one patch and only when
// something differs. It is the only place that writes a release's memory.
func (r *Reconciler) record(ctx context.Context, c *flaggerv1.Canary, w kube.Workloads, d rollout.Decision) error {
	return r.patchStatus(ctx, c, func(s *flaggerv1.CanaryStatus) {
		n := d.Next
		if s.LastAppliedSpec != n.LastApplied {
			s.Checks = nil // they judged another revision
		}
		s.Phase = flaggerv1.CanaryPhase(n.Phase)
		s.Stage = string(n.Stage)
		s.CanaryWeight = n.Weight
		s.FailedChecks = n.FailedChecks
		s.Iterations = n.Iterations
		s.LastAppliedSpec = n.LastApplied
		s.LastPromotedSpec = n.LastPromoted
		s.LastAnalysisTime = metav1.NewMicroTime(n.CheckedAt)
		s.ErrorsSince = metav1.NewMicroTime(n.ErrorsSince)
		s.FailureReason = n.Failure
		s.TrackedConfigs = w.TrackedConfigs
		rememberCookies(c, s)
		if d.Message != "" {
			s.Message = d.Message
		}
		if len(d.Checks) > 0 {
			s.Checks = checksOf(d.Checks)
		}
		setConditions(s, c.Generation, d.Stalled, r.Now())
	})
}

// rememberCookies keeps what users were given while requests are shared out, so
// that it can be taken back from them afterwards.
func rememberCookies(c *flaggerv1.Canary, s *flaggerv1.CanaryStatus) {
	switch canary, primary := kube.SessionCookies(c, s.LastAppliedSpec); {
	case canary == "":
		s.SessionAffinityCookie, s.PrimarySessionAffinityCookie, s.PreviousSessionAffinityCookie = "", "", ""
	case s.CanaryWeight > 0:
		s.SessionAffinityCookie, s.PrimarySessionAffinityCookie = canary, primary
	case s.SessionAffinityCookie != "":
		s.PreviousSessionAffinityCookie = s.SessionAffinityCookie
		s.SessionAffinityCookie, s.PrimarySessionAffinityCookie = "", ""
	}
}

// patchStatus writes a changed status under an optimistic lock, so that a pass
// on stale memory cannot overwrite a newer decision.
func (r *Reconciler) patchStatus(ctx context.Context, c *flaggerv1.Canary, change func(*flaggerv1.CanaryStatus)) error {
	before := c.DeepCopy()
	change(&c.Status)
	c.Status.ObservedGeneration = c.Generation
	truncateTimes(&c.Status)
	if equality.Semantic.DeepEqual(before.Status, c.Status) {
		return nil
	}
	c.Status.LastTransitionTime = metav1.NewTime(r.Now())
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, c, patch); err != nil {
		return fmt.Errorf("record the status of Canary %s: %w", client.ObjectKeyFromObject(c), err)
	}
	return nil
}

// truncateTimes cuts times to what the API keeps, so that a value that was read
// back compares equal to the one that was written.
func truncateTimes(s *flaggerv1.CanaryStatus) {
	for _, t := range []*metav1.MicroTime{&s.LastAnalysisTime, &s.ErrorsSince} {
		t.Time = t.Truncate(time.Microsecond)
	}
	for i := range s.Checks {
		s.Checks[i].Time.Time = s.Checks[i].Time.Truncate(time.Second)
	}
}

func checksOf(results []analysis.Result) []flaggerv1.CheckResult {
	checks := make([]flaggerv1.CheckResult, 0, len(results))
	for _, res := range results {
		checks = append(checks, flaggerv1.CheckResult{
			Name: res.Name, Value: res.Value, Limits: res.Limits, Verdict: flaggerv1.Verdict(res.Outcome.String()),
			Message: res.Message, Time: metav1.NewTime(res.At),
		})
	}
	return checks
}
