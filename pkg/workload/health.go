package workload

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// defaultDeadline is progressDeadlineSeconds where the Canary has none.
const defaultDeadline = 600 * time.Second

// patience is how many pods must serve and how long they may take.
type patience struct {
	// percent of the updated pods must be available for a side to be ready, 1..100.
	percent int
	// deadline is how long a side may wait without progress.
	deadline time.Duration
}

func patienceFor(c *flaggerv1.Canary, threshold *int) patience {
	p := patience{percent: 100, deadline: defaultDeadline}
	if percent := ptr.Deref(threshold, 0); percent > 0 {
		p.percent = min(percent, 100)
	}
	if seconds := ptr.Deref(c.Spec.ProgressDeadlineSeconds, 0); seconds > 0 {
		p.deadline = time.Duration(seconds) * time.Second
	}
	return p
}

// needed returns how many of n pods must be available, rounded up, so that 100 percent means all.
func (p patience) needed(n int32) int32 {
	return (n*int32(p.percent) + 99) / 100
}

// health reads how far the Deployment's pods are. It looks at pods only while they are on their way.
func (d *Deployments) health(ctx context.Context, dep *appsv1.Deployment, p patience) (rollout.Health, error) {
	h := rollout.Health{
		Desired: int(replicas(dep)),
		Serving: int(dep.Status.ReadyReplicas),
	}
	h.State, h.Reason = progress(dep, p)
	if h.State == rollout.Ready || h.Desired == 0 || dep.Spec.Paused || !observed(dep) {
		return h, nil
	}
	pods, err := d.currentPods(ctx, dep)
	if err != nil {
		return rollout.Health{}, err
	}
	now := d.now()
	if stuck := whyStuck(dep, pods, p, now); stuck != "" {
		h.State, h.Reason = rollout.Stuck, stuck
	} else if why := whyWaiting(dep, pods); why != "" {
		h.Reason += ": " + why
	}
	return h, nil
}

// progress judges the Deployment's own counts.
func progress(dep *appsv1.Deployment, p patience) (rollout.Readiness, string) {
	desired, s := replicas(dep), dep.Status
	switch {
	case desired == 0:
		return rollout.Waiting, "scaled to zero"
	case !observed(dep):
		return rollout.Waiting, "the last change has not been acted on yet"
	case dep.Spec.Paused:
		return rollout.Waiting, fmt.Sprintf("Deployment %s is paused", dep.Name)
	case s.UpdatedReplicas < desired:
		return rollout.Waiting, fmt.Sprintf("%d of %d pods updated", s.UpdatedReplicas, desired)
	case s.Replicas > s.UpdatedReplicas:
		return rollout.Waiting, fmt.Sprintf("pods of an earlier template still running: %d", s.Replicas-s.UpdatedReplicas)
	case s.AvailableReplicas < p.needed(s.UpdatedReplicas):
		return rollout.Waiting, fmt.Sprintf("%d of %d pods ready", s.AvailableReplicas, desired)
	default:
		return rollout.Ready, fmt.Sprintf("%d of %d pods ready", s.AvailableReplicas, desired)
	}
}

func observed(dep *appsv1.Deployment) bool {
	return dep.Status.ObservedGeneration >= dep.Generation
}

// whyStuck returns why no waiting will help, or nothing.
func whyStuck(dep *appsv1.Deployment, pods []corev1.Pod, p patience, now time.Time) string {
	for i := range pods {
		if why := failure(&pods[i], now); why != "" {
			return why
		}
	}
	waiting := orElse(whyWaiting(dep, pods), whyUnready(pods))
	if c := condition(dep, appsv1.DeploymentProgressing); c != nil && c.Status == corev1.ConditionFalse && c.Reason == deadlineExceeded {
		return orElse(waiting, c.Message)
	}
	since, known := waitingSince(dep, pods)
	if !known || now.Sub(since) < p.deadline {
		return ""
	}
	return orElse(waiting, fmt.Sprintf("%d of %d pods ready", dep.Status.AvailableReplicas, replicas(dep))) +
		fmt.Sprintf(" (no progress for %s)", p.deadline)
}

// deadlineExceeded is the reason that the Deployment controller gives for Progressing=False.
const deadlineExceeded = "ProgressDeadlineExceeded"

// whyWaiting returns what keeps pods from being ready, or nothing when there is nothing to say.
func whyWaiting(dep *appsv1.Deployment, pods []corev1.Pod) string {
	for i := range pods {
		if why := complaint(&pods[i]); why != "" {
			return why
		}
	}
	if c := condition(dep, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		return orElse(clip(c.Message), c.Reason)
	}
	return ""
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

// waitingSince returns from when the Deployment has waited without progress, and false when nothing
// tells. The Deployment's own note of progress alone does not: it is not renewed when a finished
// Deployment is scaled up.
func waitingSince(dep *appsv1.Deployment, pods []corev1.Pod) (time.Time, bool) {
	since := unreadySince(pods)
	if c := condition(dep, appsv1.DeploymentReplicaFailure); c != nil && c.Status == corev1.ConditionTrue {
		since = c.LastTransitionTime.Time
	}
	if c := condition(dep, appsv1.DeploymentAvailable); c != nil && c.Status == corev1.ConditionFalse {
		since = c.LastTransitionTime.Time
	}
	if since.IsZero() {
		return since, false
	}
	if c := condition(dep, appsv1.DeploymentProgressing); c != nil && c.LastUpdateTime.After(since) {
		since = c.LastUpdateTime.Time
	}
	return since, true
}

func condition(dep *appsv1.Deployment, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range dep.Status.Conditions {
		if dep.Status.Conditions[i].Type == kind {
			return &dep.Status.Conditions[i]
		}
	}
	return nil
}

func orElse(text, instead string) string {
	if text != "" {
		return text
	}
	return instead
}
