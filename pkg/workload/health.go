package workload

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// patience is how many pods must serve and how long they may take.
type patience struct {
	// percent of the updated pods must be available for a side to be ready, 1..100.
	percent int
	// deadline is how long a side may wait without progress.
	deadline time.Duration
}

func patienceFor(c *flaggerv1.Canary, threshold *int) patience {
	p := patience{percent: 100, deadline: c.Spec.ProgressDeadline()}
	if percent := ptr.Deref(threshold, 0); percent > 0 {
		p.percent = min(percent, 100)
	}
	return p
}

// needed returns how many of n pods must be available, rounded up, so that 100 percent means all.
func (p patience) needed(n int32) int32 {
	return (n*int32(p.percent) + 99) / 100
}

// What a workload's own status says, in one clause.
const (
	scaledToZero = "scaled to zero"
	notActedOn   = "the last change has not been acted on yet"
)

func podsReady(n, desired int32) string { return fmt.Sprintf("%d of %d pods ready", n, desired) }

// health reads how far the pods of w are. It looks at pods only while they are on their way.
func (d *podTargets) health(ctx context.Context, w podOwner, p patience) (rollout.Health, error) {
	o := w.outlook(p)
	h := rollout.Health{State: o.state, Reason: o.reason, Desired: int(w.size()), Serving: int(o.ready)}
	key := w.kind() + "/" + w.GetNamespace() + "/" + w.GetName()
	if h.State == rollout.Ready || !o.moving {
		d.seen.forget(key)
		return h, nil
	}
	pods, err := d.currentPods(ctx, w)
	if err != nil {
		return rollout.Health{}, err
	}
	now := d.now()
	since := waitingSince(o, pods)
	if seen := d.seen.since(key, o.counts, now); since.IsZero() {
		since = seen // nothing else tells
	}
	if stuck := whyStuck(o, pods, now); stuck != "" {
		h.State, h.Reason = rollout.Stuck, stuck
	} else if now.Sub(since) >= p.deadline {
		h.State, h.Reason = rollout.Stuck, orElse(waitsFor(o, pods), podsReady(o.available, w.size()))+
			fmt.Sprintf(" (no progress for %s)", p.deadline)
	} else if why := whyWaiting(o, pods); why != "" {
		h.Reason += ": " + why
	}
	return h, nil
}

// whyStuck returns why no waiting will help, whatever the time, or nothing.
func whyStuck(o outlook, pods []corev1.Pod, now time.Time) string {
	for i := range pods {
		if why := failure(&pods[i], now); why != "" {
			return why
		}
	}
	if o.expired {
		return orElse(waitsFor(o, pods), o.verdict)
	}
	return ""
}

// waitsFor returns the best account of what is waited for, or nothing when nobody gives one.
func waitsFor(o outlook, pods []corev1.Pod) string {
	return orElse(whyWaiting(o, pods), whyUnready(pods))
}

// whyWaiting returns what keeps pods from being ready, or nothing when there is nothing to say.
func whyWaiting(o outlook, pods []corev1.Pod) string {
	for i := range pods {
		if why := complaint(&pods[i]); why != "" {
			return why
		}
	}
	return o.complaint
}

// whyUnready returns what the first pod that is not ready says of it, or nothing.
func whyUnready(pods []corev1.Pod) string {
	for i := range pods {
		if why := unmet(&pods[i], corev1.PodReady); why != "" {
			return why
		}
	}
	return ""
}

// waitingSince returns from when pods have been waited for without progress, zero when neither the
// status nor a pod tells.
func waitingSince(o outlook, pods []corev1.Pod) time.Time {
	since := o.failing
	if since.IsZero() {
		since = unreadySince(pods)
	}
	if !since.IsZero() && o.moved.After(since) {
		return o.moved
	}
	return since
}

func orElse(text, instead string) string {
	if text != "" {
		return text
	}
	return instead
}
