package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// blocked sorts out errors that no retry helps: they become a Stalled condition
// and the Canary waits for a change of what it names. Others are returned.
func (r *Reconciler) blocked(ctx context.Context, c *flaggerv1.Canary, w kube.Workloads, err error) error {
	switch {
	case errors.Is(err, kube.ErrTargetNotFound):
		return r.retire(ctx, c, w, "TargetNotFound", err)
	case errors.Is(err, kube.ErrRefused), apierrors.IsInvalid(err):
		return r.retire(ctx, c, w, "Refused", err)
	}
	return err
}

// foresee marks a Canary at rest as stalled when its next analysis could not be
// made. A release that is under way holds its weight by itself.
func (r *Reconciler) foresee(ctx context.Context, c *flaggerv1.Canary, d *rollout.Decision) {
	switch d.Next.Phase {
	case rollout.PhaseInitializing, rollout.PhaseInitialized, rollout.PhaseSucceeded:
		if err := r.Analyst.Check(ctx, c); err != nil {
			d.Stalled = true
			d.Message = sentence(err)
		}
	default:
	}
}

// retire brings traffic back from a canary that cannot be judged any more: its
// target was deleted under it, or its Canary asks for what cannot be done. Then it stalls.
func (r *Reconciler) retire(ctx context.Context, c *flaggerv1.Canary, w kube.Workloads, reason string, cause error) error {
	nobody := w.PrimaryFound && w.Primary.Serving == 0
	reached := c.Status.CanaryWeight > 0 || c.Status.Stage == string(rollout.StageTrial)
	if reached && !nobody && !c.Spec.Suspend {
		if err := r.Router.Ensure(ctx, c, w.Backend, rollout.Traffic{}); err != nil {
			return errors.Join(cause, err)
		}
		c.Status.CanaryWeight = 0
	}
	return r.stall(ctx, c, w, reason, cause)
}

// stall says in the status why nothing happens and what would help. What the
// target refers to is kept there too, so that its creation wakes the Canary.
func (r *Reconciler) stall(ctx context.Context, c *flaggerv1.Canary, w kube.Workloads, reason string, cause error) error {
	weight := c.Status.CanaryWeight
	if err := r.Client.Get(ctx, client.ObjectKeyFromObject(c), c); err != nil {
		return fmt.Errorf("get Canary %s: %w", client.ObjectKeyFromObject(c), err)
	}
	told := stalledFor(c, reason)
	err := r.patchStatus(ctx, c, func(s *flaggerv1.CanaryStatus) {
		s.CanaryWeight = weight
		if w.TrackedConfigs != nil {
			s.TrackedConfigs = w.TrackedConfigs
		}
		s.Message = sentence(cause)
		set := func(kind string, status metav1.ConditionStatus) {
			meta.SetStatusCondition(&s.Conditions, metav1.Condition{
				Type: kind, Status: status, Reason: reason, Message: s.Message, ObservedGeneration: c.Generation,
			})
		}
		set(flaggerv1.ConditionReady, metav1.ConditionFalse)
		set(flaggerv1.ConditionReconciling, metav1.ConditionFalse)
		set(flaggerv1.ConditionStalled, metav1.ConditionTrue)
	})
	if err == nil && !told {
		r.Teller.Tell(c, []rollout.Event{{Reason: reason, Message: c.Status.Message, Level: rollout.Warn}})
	}
	return err
}

func stalledFor(c *flaggerv1.Canary, reason string) bool {
	cond := meta.FindStatusCondition(c.Status.Conditions, flaggerv1.ConditionStalled)
	return cond != nil && cond.Status == metav1.ConditionTrue && cond.Reason == reason && cond.ObservedGeneration == c.Generation
}

// report puts an error that is being retried into the status, so that nothing
// is stuck silently. It keeps quiet when the status cannot be written either.
func (r *Reconciler) report(ctx context.Context, c *flaggerv1.Canary, cause error) error {
	key := client.ObjectKeyFromObject(c)
	if err := r.Client.Get(ctx, key, c); err != nil {
		return client.IgnoreNotFound(err)
	}
	return r.patchStatus(ctx, c, func(s *flaggerv1.CanaryStatus) {
		s.Message = "tried again after an error: " + sentence(cause)
	})
}

// sentence returns an error as a status message: a refusal without what led to
// it, and within the 256 characters that a person reads.
func sentence(err error) string {
	s := err.Error()
	if i := strings.LastIndex(s, kube.ErrRefused.Error()+": "); i >= 0 {
		s = s[i+len(kube.ErrRefused.Error()+": "):] // what was being done when it was refused says nothing to a person
	}
	if r := []rune(s); len(r) > 256 {
		s = string(r[:255]) + "…"
	}
	return s
}
