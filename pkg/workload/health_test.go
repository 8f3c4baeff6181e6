package workload

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const templateHash = "5d8f9c"

// counts gives the Deployment the status of so many pods, all of them seen by its controller.
func counts(total, updated, available int32) func(*appsv1.Deployment) {
	return func(dep *appsv1.Deployment) {
		dep.Generation, dep.Status.ObservedGeneration = 7, 7
		dep.Annotations = map[string]string{deploymentRevision: "3"}
		dep.Status.Replicas, dep.Status.UpdatedReplicas = total, updated
		dep.Status.AvailableReplicas, dep.Status.ReadyReplicas = available, available
	}
}

func status(c appsv1.DeploymentCondition) func(*appsv1.Deployment) {
	return func(dep *appsv1.Deployment) { dep.Status.Conditions = append(dep.Status.Conditions, c) }
}

// moved is the Deployment controller's note of its last progress.
func moved(age time.Duration) func(*appsv1.Deployment) {
	return status(appsv1.DeploymentCondition{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, LastUpdateTime: ago(age)})
}

func unavailable(age time.Duration) func(*appsv1.Deployment) {
	return status(appsv1.DeploymentCondition{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, LastTransitionTime: ago(age)})
}

func quota(age time.Duration) func(*appsv1.Deployment) {
	return status(appsv1.DeploymentCondition{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue,
		Reason: "FailedCreate", Message: "exceeded quota", LastTransitionTime: ago(age),
	})
}

func newReplicaSet(name, revision, hash string) *appsv1.ReplicaSet {
	rs := &appsv1.ReplicaSet{ObjectMeta: meta(name)}
	rs.Labels = map[string]string{"app": "podinfo", "pod-template-hash": hash}
	rs.Annotations = map[string]string{deploymentRevision: revision}
	rs.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "podinfo", UID: types.UID("podinfo-uid"), Controller: new(true)}}
	return rs
}

// newPod returns a pod of the current template that has not been ready for a minute.
func newPod(edits ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: meta("podinfo-x")}
	pod.CreationTimestamp = ago(time.Minute)
	pod.Labels = map[string]string{"app": "podinfo", "pod-template-hash": templateHash}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "podinfod"}}
	for _, edit := range edits {
		edit(pod)
	}
	return pod
}

func born(age time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.CreationTimestamp = ago(age) }
}

func podStatus(kind corev1.PodConditionType, is corev1.ConditionStatus, age time.Duration, reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: kind, Status: is, LastTransitionTime: ago(age), Reason: reason, Message: message,
		})
	}
}

func waits(reason, message string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses[0].State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
	}
}

func crashed(exitCode, restarts int32, reason string, age time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		c := &p.Status.ContainerStatuses[0]
		c.RestartCount = restarts
		c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: exitCode, Reason: reason, FinishedAt: ago(age)}
	}
}

func inInit(p *corev1.Pod) {
	p.Status.InitContainerStatuses, p.Status.ContainerStatuses = p.Status.ContainerStatuses, nil
}

func TestHealth(t *testing.T) {
	tests := map[string]struct {
		target *appsv1.Deployment
		pods   []*corev1.Pod
		canary func(*flaggerv1.Canary)
		want   rollout.Health
	}{
		"all pods of the template serve": {
			target: newTarget(counts(2, 2, 2)),
			want:   rollout.Health{State: rollout.Ready, Reason: "2 of 2 pods ready", Desired: 2, Serving: 2},
		},
		"one pod is on its way": {
			target: newTarget(counts(2, 2, 1)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"one pod is on its way, which the threshold allows": {
			target: newTarget(counts(2, 2, 1)),
			canary: func(c *flaggerv1.Canary) { c.Spec.Analysis.CanaryReadyThreshold = new(50) },
			want:   rollout.Health{State: rollout.Ready, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"the threshold is rounded up": {
			target: newTarget(counts(2, 2, 1)),
			canary: func(c *flaggerv1.Canary) { c.Spec.Analysis.CanaryReadyThreshold = new(51) },
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"the primary's threshold is not the canary's": {
			target: newTarget(counts(2, 2, 1)),
			canary: func(c *flaggerv1.Canary) { c.Spec.Analysis.PrimaryReadyThreshold = new(50) },
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a pod of the template is not created yet": {
			target: newTarget(counts(2, 1, 2)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods updated", Desired: 2, Serving: 2},
		},
		"a pod of an earlier template is left": {
			target: newTarget(counts(3, 2, 3)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "pods of an earlier template still running: 1", Desired: 2, Serving: 3},
		},
		"the change has not been seen by the Deployment controller": {
			target: newTarget(counts(2, 2, 2), func(dep *appsv1.Deployment) { dep.Generation++ }),
			want:   rollout.Health{State: rollout.Waiting, Reason: "the last change has not been acted on yet", Desired: 2, Serving: 2},
		},
		"no replicas are wanted": {
			target: newTarget(counts(0, 0, 0), size(0)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "scaled to zero"},
		},
		"no replicas are wanted, and an old deadline is still noted": {
			target: newTarget(counts(0, 0, 0), size(0), pastOwnDeadline),
			want:   rollout.Health{State: rollout.Waiting, Reason: "scaled to zero"},
		},
		"the target is paused": {
			target: newTarget(counts(2, 2, 2), func(dep *appsv1.Deployment) { dep.Spec.Paused = true }),
			want:   rollout.Health{State: rollout.Waiting, Reason: "Deployment podinfo is paused", Desired: 2, Serving: 2},
		},
		"the Deployment's own deadline has passed": {
			target: newTarget(counts(2, 2, 0), pastOwnDeadline),
			want:   rollout.Health{State: rollout.Stuck, Reason: "ReplicaSet has timed out", Desired: 2},
		},
		"the Deployment's own deadline has passed and a pod says why": {
			target: newTarget(counts(2, 2, 0), pastOwnDeadline),
			pods:   []*corev1.Pod{newPod(podStatus(corev1.PodScheduled, corev1.ConditionFalse, time.Minute, "Unschedulable", "no node fits"))},
			want:   rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: Unschedulable: no node fits", Desired: 2},
		},
		"a pod cannot be scheduled": {
			target: newTarget(counts(2, 2, 1)),
			pods:   []*corev1.Pod{newPod(podStatus(corev1.PodScheduled, corev1.ConditionFalse, time.Minute, "Unschedulable", "no node fits"))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready: pod podinfo-x: Unschedulable: no node fits", Desired: 2, Serving: 1},
		},
		"a quota forbids pods": {
			target: newTarget(counts(1, 1, 1), quota(time.Minute)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods updated: exceeded quota", Desired: 2, Serving: 1},
		},
		"a quota forbids pods beyond the deadline": {
			target: newTarget(counts(1, 1, 1), quota(11*time.Minute), moved(12*time.Minute)),
			want:   rollout.Health{State: rollout.Stuck, Reason: "exceeded quota (no progress for 10m0s)", Desired: 2, Serving: 1},
		},
		"the Canary's deadline has passed, the Deployment's has not": {
			target: newTarget(counts(2, 2, 0), moved(5*time.Minute), unavailable(6*time.Minute)),
			canary: func(c *flaggerv1.Canary) { c.Spec.ProgressDeadlineSeconds = ptr.To[int32](60) },
			pods: []*corev1.Pod{newPod(born(5*time.Minute), podStatus(corev1.PodReady, corev1.ConditionFalse, 5*time.Minute,
				"ContainersNotReady", "containers with unready status: [podinfod]"))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: "pod podinfo-x: ContainersNotReady: containers with unready status: [podinfod] (no progress for 1m0s)",
			},
		},
		"it is one second to the deadline": {
			target: newTarget(counts(2, 2, 0), moved(599*time.Second), unavailable(time.Hour)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "0 of 2 pods ready", Desired: 2},
		},
		"the deadline counts from the last progress": {
			target: newTarget(counts(2, 2, 1), moved(time.Minute), unavailable(time.Hour)),
			pods:   []*corev1.Pod{newPod(born(time.Hour))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a long finished Deployment has just been scaled up": {
			target: newTarget(counts(2, 2, 0), moved(time.Hour), unavailable(time.Second)),
			pods:   []*corev1.Pod{newPod(born(time.Second))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "0 of 2 pods ready", Desired: 2},
		},
		"a long finished Deployment has just been scaled up and its pods are not seen yet": {
			target: newTarget(counts(2, 2, 0), moved(time.Hour)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "0 of 2 pods ready", Desired: 2},
		},
		"an old pod has just lost its readiness": {
			target: newTarget(counts(2, 2, 1), moved(time.Hour)),
			pods:   []*corev1.Pod{newPod(born(time.Hour), podStatus(corev1.PodReady, corev1.ConditionFalse, time.Second, "", ""))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a pod has not been ready beyond the deadline, which leaves the Deployment available": {
			target: newTarget(counts(2, 2, 1), moved(time.Hour)),
			pods:   []*corev1.Pod{newPod(born(time.Hour), podStatus(corev1.PodReady, corev1.ConditionFalse, 11*time.Minute, "ContainersNotReady", "not ready"))},
			want:   rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: ContainersNotReady: not ready (no progress for 10m0s)", Desired: 2, Serving: 1},
		},
		"a pod that comes and goes does not stretch the deadline of an unavailable Deployment": {
			target: newTarget(counts(2, 2, 0), moved(time.Hour), unavailable(11*time.Minute)),
			pods:   []*corev1.Pod{newPod(podStatus(corev1.PodReady, corev1.ConditionFalse, time.Second, "ContainersNotReady", "not ready"))},
			want:   rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: ContainersNotReady: not ready (no progress for 10m0s)", Desired: 2},
		},
		"a pod that was evicted does not count": {
			target: newTarget(counts(2, 2, 1)),
			pods:   []*corev1.Pod{newPod(waits("CrashLoopBackOff", ""), func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed })},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a container crash-loops": {
			target: newTarget(counts(2, 2, 1)),
			pods:   []*corev1.Pod{newPod(waits("CrashLoopBackOff", "back-off 20s"), crashed(1, 3, "Error", time.Second))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2, Serving: 1,
				Reason: "pod podinfo-x: container podinfod: CrashLoopBackOff: exit code 1 (restart 3)",
			},
		},
		"an init container crash-loops": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("CrashLoopBackOff", ""), crashed(1, 2, "Error", time.Second), inInit)},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: "pod podinfo-x: container podinfod: CrashLoopBackOff: exit code 1 (restart 2)",
			},
		},
		"a container runs again after its third crash": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(crashed(137, 3, "OOMKilled", time.Second))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: "pod podinfo-x: container podinfod: CrashLoopBackOff: OOMKilled, exit code 137 (restart 3)",
			},
		},
		"a container runs again after its second crash": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(crashed(1, 2, "Error", time.Second))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "0 of 2 pods ready", Desired: 2},
		},
		"a container crashed often, but long ago": {
			target: newTarget(counts(2, 2, 1)),
			pods:   []*corev1.Pod{newPod(crashed(1, 9, "Error", time.Hour))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a container crashed and recovered beside one that is on its way": {
			target: newTarget(counts(2, 2, 1)),
			pods: []*corev1.Pod{newPod(crashed(1, 4, "Error", time.Second), func(p *corev1.Pod) {
				p.Status.ContainerStatuses[0].Ready = true
				p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "sidecar"})
			})},
			want: rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a container ended well several times": {
			target: newTarget(counts(2, 2, 1)),
			pods:   []*corev1.Pod{newPod(crashed(0, 9, "Completed", time.Second))},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a crash loop in a pod of an earlier template does not count": {
			target: newTarget(counts(3, 2, 1)),
			pods: []*corev1.Pod{newPod(waits("CrashLoopBackOff", ""), func(p *corev1.Pod) {
				p.Labels["pod-template-hash"] = "earlier"
			})},
			want: rollout.Health{State: rollout.Waiting, Reason: "pods of an earlier template still running: 1", Desired: 2, Serving: 1},
		},
		"a crash loop within the threshold does not count": {
			target: newTarget(counts(2, 2, 1)),
			canary: func(c *flaggerv1.Canary) { c.Spec.Analysis.CanaryReadyThreshold = new(50) },
			pods:   []*corev1.Pod{newPod(waits("CrashLoopBackOff", ""))},
			want:   rollout.Health{State: rollout.Ready, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"a crash loop in a pod that is being deleted does not count": {
			target: newTarget(counts(2, 2, 1)),
			pods: []*corev1.Pod{newPod(waits("CrashLoopBackOff", ""), func(p *corev1.Pod) {
				p.DeletionTimestamp, p.Finalizers = new(ago(time.Second)), []string{"example.com/hold"}
			})},
			want: rollout.Health{State: rollout.Waiting, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1},
		},
		"an image cannot be pulled": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("ImagePullBackOff", "Back-off pulling image"), born(time.Second))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: "pod podinfo-x: container podinfod: ImagePullBackOff: Back-off pulling image",
			},
		},
		"an image has been tried once": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("ErrImagePull", "not found"), born(time.Second))},
			want: rollout.Health{
				State: rollout.Waiting, Desired: 2,
				Reason: "0 of 2 pods ready: pod podinfo-x: container podinfod: ErrImagePull: not found",
			},
		},
		"an image has been tried again": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("ErrImagePull", "not found"))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: "pod podinfo-x: container podinfod: ErrImagePull: not found",
			},
		},
		"an image name is no name": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("InvalidImageName", ""), born(time.Second))},
			want:   rollout.Health{State: rollout.Stuck, Desired: 2, Reason: "pod podinfo-x: container podinfod: InvalidImageName"},
		},
		"a container's configuration is missing for a moment": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("CreateContainerConfigError", `secret "a" not found`), born(time.Second))},
			want: rollout.Health{
				State: rollout.Waiting, Desired: 2,
				Reason: `0 of 2 pods ready: pod podinfo-x: container podinfod: CreateContainerConfigError: secret "a" not found`,
			},
		},
		"a container's configuration stays missing": {
			target: newTarget(counts(2, 2, 0)),
			pods:   []*corev1.Pod{newPod(waits("CreateContainerConfigError", `secret "a" not found`))},
			want: rollout.Health{
				State: rollout.Stuck, Desired: 2,
				Reason: `pod podinfo-x: container podinfod: CreateContainerConfigError: secret "a" not found`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stray := newReplicaSet("podinfo-a", "3", "earlier")
			stray.OwnerReferences[0].UID = "a Deployment that was deleted"
			objects := []client.Object{tc.target, stray, newReplicaSet("podinfo-new", "3", templateHash), newReplicaSet("podinfo-old", "2", "earlier")}
			for _, pod := range tc.pods {
				objects = append(objects, pod)
			}
			c := newCanary()
			if tc.canary != nil {
				tc.canary(c)
			}
			got, err := newWorld(t, objects...).adapter().Observe(t.Context(), c)
			mustDo(t, err)
			if diff := cmp.Diff(tc.want, got.Canary); diff != "" {
				t.Errorf("Observe() canary differs (-want +got):\n%s", diff)
			}
		})
	}
}

func pastOwnDeadline(dep *appsv1.Deployment) {
	status(appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse,
		Reason: "ProgressDeadlineExceeded", Message: "ReplicaSet has timed out", LastUpdateTime: ago(0),
	})(dep)
}

func TestPrimaryHealthHasItsOwnThreshold(t *testing.T) {
	w := newWorld(t, newTarget())
	c := newCanary(func(c *flaggerv1.Canary) { c.Spec.Analysis.PrimaryReadyThreshold = new(50) })
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, primaryOf(newTarget()), func(dep *appsv1.Deployment) {
		revision := dep.Annotations
		counts(2, 2, 1)(dep)
		dep.Annotations = revision
	})
	got, err := w.adapter().Observe(t.Context(), c)
	mustDo(t, err)
	want := rollout.Health{State: rollout.Ready, Reason: "1 of 2 pods ready", Desired: 2, Serving: 1}
	if diff := cmp.Diff(want, got.Primary); diff != "" {
		t.Errorf("Observe() primary differs (-want +got):\n%s", diff)
	}
}

func TestPrimaryScaledToZeroIsNeverReady(t *testing.T) {
	w := newWorld(t, newTarget())
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
	edit(w, primaryOf(newTarget()), func(dep *appsv1.Deployment) { dep.Spec.Replicas = ptr.To[int32](0) })
	got, err := w.adapter().Observe(t.Context(), newCanary())
	mustDo(t, err)
	if got.Primary.State != rollout.Waiting || got.Primary.Reason != "scaled to zero" {
		t.Errorf("Observe() primary = %+v, want it to wait, scaled to zero", got.Primary)
	}
}
