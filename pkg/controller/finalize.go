package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// ensureFinalizer puts the finalizer on: without it a deletion would take the
// primary away from under its traffic.
func (r *Reconciler) ensureFinalizer(ctx context.Context, c *flaggerv1.Canary) error {
	if controllerutil.ContainsFinalizer(c, flaggerv1.Finalizer) {
		return nil
	}
	before := c.DeepCopy()
	controllerutil.AddFinalizer(c, flaggerv1.Finalizer)
	if err := r.Client.Patch(ctx, c, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("set the finalizer of Canary %s: %w", client.ObjectKeyFromObject(c), err)
	}
	return nil
}

// finalize hands the application back: the target grows to the primary's size,
// the routes are given back, the primary falls silent, and only then is the
// Canary let go, which takes the primary along.
func (r *Reconciler) finalize(ctx context.Context, c *flaggerv1.Canary) (time.Duration, error) {
	if !controllerutil.ContainsFinalizer(c, flaggerv1.Finalizer) {
		r.forget(client.ObjectKeyFromObject(c))
		return 0, nil
	}
	seen, world, err := r.observe(ctx, c)
	if errors.Is(err, kube.ErrTargetNotFound) || errors.Is(err, kube.ErrRefused) {
		return 0, r.letGo(ctx, c)
	}
	if err != nil {
		return 0, err
	}
	deleted := c.DeletionTimestamp.Time
	d := rollout.Release(r.Barriers, seen, deleted, r.Now())
	for d.Ask.Kind != rollout.AskNothing {
		seen.Evidence = rollout.Evidence{d.Ask.Kind: r.ask(c, seen.Revision, d.Ask)}
		d = rollout.Release(r.Barriers, seen, deleted, r.Now())
	}
	if err := r.handOver(ctx, c, world.Backend, d); err != nil {
		return 0, err
	}
	if d.Done {
		return 0, r.letGo(ctx, c)
	}
	return d.Wake, r.patchStatus(ctx, c, func(s *flaggerv1.CanaryStatus) {
		s.Phase = flaggerv1.PhaseTerminating
		if d.Message != "" {
			s.Message = d.Message
		}
		setConditions(s, c.Generation, false, r.Now())
	})
}

// handOver brings a handover about, and tells of its end.
func (r *Reconciler) handOver(ctx context.Context, c *flaggerv1.Canary, b kube.Backend, d rollout.Handover) error {
	if d.Canary == rollout.ScaleFull {
		if err := r.Workload.Scale(ctx, c, d.Canary); err != nil {
			return err
		}
	}
	if d.HandBack {
		if err := r.Router.Release(ctx, c, b); err != nil {
			return err
		}
	}
	ended := rollout.Event{Reason: "HandedBack", Message: "The target serves as it did before the Canary"}
	if d.Keep {
		ended = rollout.Event{Reason: "PrimaryKept", Message: d.Message, Level: rollout.Warn}
		if err := errors.Join(r.Workload.Disown(ctx, c), r.Router.Disown(ctx, c)); err != nil {
			return err
		}
	}
	if d.Done {
		r.Teller.Tell(c, []rollout.Event{ended})
	}
	return nil
}

// letGo removes the finalizer.
func (r *Reconciler) letGo(ctx context.Context, c *flaggerv1.Canary) error {
	before := c.DeepCopy()
	controllerutil.RemoveFinalizer(c, flaggerv1.Finalizer)
	if err := r.Client.Patch(ctx, c, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("remove the finalizer of Canary %s: %w", client.ObjectKeyFromObject(c), err))
	}
	r.forget(client.ObjectKeyFromObject(c))
	return nil
}
