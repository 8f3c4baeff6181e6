package workload

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// currentPods returns, from the cache and sorted by name, the pods of w's current template that are
// not being deleted.
func (d *podTargets) currentPods(ctx context.Context, w podOwner) ([]corev1.Pod, error) {
	pods, err := w.currentPods(ctx, d.client)
	if err != nil {
		return nil, err
	}
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool {
		return p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodFailed
	})
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return cmp.Compare(a.Name, b.Name) })
	return pods, nil
}

// Reasons that the kubelet gives for a container that waits.
const (
	crashLoop        = "CrashLoopBackOff"
	imagePullBackOff = "ImagePullBackOff"
)

// permanent lists the reasons for waiting that end a release at once: the kubelet has tried again,
// or there is nothing to try.
var permanent = []string{crashLoop, imagePullBackOff, "InvalidImageName", "ErrImageNeverPull"}

// transient lists the reasons that may be a single mishap, and end a release after secondTry.
var transient = []string{"ErrImagePull", "CreateContainerConfigError", "CreateContainerError"}

const (
	// secondTry is the age of a pod by which the kubelet has tried everything again.
	secondTry = 20 * time.Second
	// crashes is how many restarts of a container that is not ready count as a crash loop, if the
	// last was no longer ago than crashMemory: the kubelet's longest pause between two.
	crashes     = 3
	crashMemory = 5 * time.Minute
)

// failure returns why the pod will not become ready by waiting, or nothing.
func failure(p *corev1.Pod, now time.Time) string {
	for _, c := range containers(p) {
		if c.Ready {
			continue
		}
		reason := waitingReason(c)
		retried := now.Sub(p.CreationTimestamp.Time) >= secondTry
		if slices.Contains(permanent, reason) || retried && slices.Contains(transient, reason) || keepsCrashing(c, now) {
			return describe(p, c)
		}
	}
	return ""
}

// complaint returns what stands in the way of the pod, or nothing: that its
// containers are on their way is no complaint, and would only change from look to look.
func complaint(p *corev1.Pod) string {
	if ready(p) {
		return ""
	}
	for _, c := range containers(p) {
		if slices.Contains(permanent, waitingReason(c)) || slices.Contains(transient, waitingReason(c)) {
			return describe(p, c)
		}
	}
	return unmet(p, corev1.PodScheduled)
}

// unmet returns what the pod says about a condition that it does not meet, or nothing.
func unmet(p *corev1.Pod, kind corev1.PodConditionType) string {
	if c := podCondition(p, kind); c != nil && c.Status == corev1.ConditionFalse && c.Message != "" {
		return fmt.Sprintf("pod %s: %s: %s", p.Name, c.Reason, clip(c.Message))
	}
	return ""
}

// unreadySince returns from when the pod that has waited longest has not been ready, zero when all are.
func unreadySince(pods []corev1.Pod) time.Time {
	var oldest time.Time
	for i := range pods {
		if ready(&pods[i]) {
			continue
		}
		since := pods[i].CreationTimestamp.Time
		if c := podCondition(&pods[i], corev1.PodReady); c != nil && c.LastTransitionTime.After(since) {
			since = c.LastTransitionTime.Time
		}
		if oldest.IsZero() || since.Before(oldest) {
			oldest = since
		}
	}
	return oldest
}

func keepsCrashing(c corev1.ContainerStatus, now time.Time) bool {
	last := c.LastTerminationState.Terminated
	return c.RestartCount >= crashes && last != nil && last.ExitCode != 0 &&
		now.Sub(last.FinishedAt.Time) < crashMemory
}

// describe says in one clause what is wrong with a container, in the kubelet's words.
func describe(p *corev1.Pod, c corev1.ContainerStatus) string {
	text := fmt.Sprintf("pod %s: container %s", p.Name, c.Name)
	reason := waitingReason(c)
	if last := c.LastTerminationState.Terminated; last != nil && (reason == crashLoop || reason == "") {
		return fmt.Sprintf("%s: %s: %s", text, crashLoop, exit(last, c.RestartCount))
	}
	text += ": " + reason
	if c.State.Waiting != nil && c.State.Waiting.Message != "" {
		text += ": " + clip(c.State.Waiting.Message)
	}
	return text
}

func exit(t *corev1.ContainerStateTerminated, restarts int32) string {
	text := fmt.Sprintf("exit code %d (restart %d)", t.ExitCode, restarts)
	if t.Reason == "" || t.Reason == "Error" || t.Reason == "Completed" {
		return text
	}
	return t.Reason + ", " + text
}

func containers(p *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
}

func waitingReason(c corev1.ContainerStatus) string {
	if c.State.Waiting == nil {
		return ""
	}
	return c.State.Waiting.Reason
}

func ready(p *corev1.Pod) bool {
	c := podCondition(p, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

func podCondition(p *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			return &p.Status.Conditions[i]
		}
	}
	return nil
}

// clip keeps a message of others short enough to stand in a status.
func clip(message string) string {
	const most = 200
	runes := []rune(message)
	if len(runes) <= most {
		return message
	}
	return string(runes[:most]) + "…"
}
