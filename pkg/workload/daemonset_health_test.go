package workload

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestHealthOfADaemonSet(t *testing.T) {
	unseen := func(ds *appsv1.DaemonSet) { ds.Generation++ }
	crashing := waits("CrashLoopBackOff", "")
	tests := map[string]struct {
		target *appsv1.DaemonSet
		pods   []*corev1.Pod
		canary func(*flaggerv1.Canary)
		want   rollout.Health
	}{
		"every node has a ready pod": {
			target: newDaemonSet(),
			want:   rollout.Health{State: rollout.Ready, Reason: "3 of 3 pods ready", Desired: 3, Serving: 3},
		},
		"one pod is on its way": {
			target: newDaemonSet(nodes(3, 3, 2)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "2 of 3 pods ready", Desired: 3, Serving: 2},
		},
		"one pod is on its way, which the threshold allows": {
			target: newDaemonSet(nodes(3, 3, 2)),
			canary: func(c *flaggerv1.Canary) { c.Spec.Analysis.CanaryReadyThreshold = new(60) },
			want:   rollout.Health{State: rollout.Ready, Reason: "2 of 3 pods ready", Desired: 3, Serving: 2},
		},
		"a node has a pod of an earlier template": {
			target: newDaemonSet(nodes(3, 2, 3)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "2 of 3 pods updated", Desired: 3, Serving: 3},
		},
		"the change has not been seen": {
			target: newDaemonSet(unseen),
			want:   rollout.Health{State: rollout.Waiting, Reason: "the last change has not been acted on yet", Desired: 3, Serving: 3},
		},
		"it has just come back from zero, which has not been seen": {
			target: newDaemonSet(nodes(0, 0, 0), unseen),
			want:   rollout.Health{State: rollout.Waiting, Reason: "the last change has not been acted on yet", Desired: 1},
		},
		"it is scaled to zero": {
			target: newDaemonSet(nodes(0, 0, 0), atZero),
			want:   rollout.Health{State: rollout.Waiting, Reason: "scaled to zero"},
		},
		"it has just been scaled to zero, which has not been seen": {
			target: newDaemonSet(atZero, unseen),
			want:   rollout.Health{State: rollout.Waiting, Reason: "scaled to zero", Serving: 3},
		},
		"no node is to have a pod": {
			target: newDaemonSet(nodes(0, 0, 0)),
			want:   rollout.Health{State: rollout.Waiting, Reason: "no node is to have a pod of DaemonSet podinfo"},
		},
		"a container crash-loops": {
			target: newDaemonSet(nodes(3, 1, 2)),
			pods:   []*corev1.Pod{newPod(ofTemplate("4", "new"), crashing)},
			want:   rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: container podinfod: CrashLoopBackOff", Desired: 3, Serving: 2},
		},
		"a container crash-loops in a pod that was kept at the return to its template": {
			target: newDaemonSet(nodes(3, 2, 2)),
			pods:   []*corev1.Pod{newPod(ofTemplate("2", "new"), crashing), newPod(ofTemplate("4", "new"), other)},
			want:   rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: container podinfod: CrashLoopBackOff", Desired: 3, Serving: 2},
		},
		"a crash loop in a pod of an earlier template does not count": {
			target: newDaemonSet(nodes(3, 1, 2)),
			pods:   []*corev1.Pod{newPod(ofTemplate("3", "old"), crashing), newPod(ofTemplate("4", "new"), other)},
			want:   rollout.Health{State: rollout.Waiting, Reason: "1 of 3 pods updated", Desired: 3, Serving: 2},
		},
		"a crash loop does not count before a pod of the template is seen": {
			target: newDaemonSet(nodes(3, 0, 2)),
			pods:   []*corev1.Pod{newPod(ofTemplate("3", "old"), crashing)},
			want:   rollout.Health{State: rollout.Waiting, Reason: "0 of 3 pods updated", Desired: 3, Serving: 2},
		},
		"a crash loop in somebody else's pod does not count": {
			target: newDaemonSet(nodes(3, 1, 2)),
			pods: []*corev1.Pod{newPod(ofTemplate("4", "new"), crashing, func(p *corev1.Pod) {
				p.OwnerReferences[0].UID = "another"
			})},
			want: rollout.Health{State: rollout.Waiting, Reason: "1 of 3 pods updated", Desired: 3, Serving: 2},
		},
		"a pod has not been ready beyond the deadline": {
			target: newDaemonSet(nodes(3, 3, 2)),
			pods: []*corev1.Pod{newPod(ofTemplate("4", "new"), born(time.Hour),
				podStatus(corev1.PodReady, corev1.ConditionFalse, 11*time.Minute, "ContainersNotReady", "not ready"))},
			want: rollout.Health{State: rollout.Stuck, Reason: "pod podinfo-x: ContainersNotReady: not ready (no progress for 10m0s)", Desired: 3, Serving: 2},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			objects := []client.Object{tc.target}
			for _, pod := range tc.pods {
				objects = append(objects, pod)
			}
			c := newCanary(onNodes)
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

// other makes a pod another one, on its way.
func other(p *corev1.Pod) { p.Name, p.UID = "podinfo-y", "podinfo-y-uid" }

func TestADaemonSetWithoutPodsMeetsTheDeadline(t *testing.T) {
	w := newWorld(t, newDaemonSet(nodes(3, 0, 0)))
	now := noon
	d := w.adapter(func(o *Options) { o.Now = func() time.Time { return now } })
	health := func() rollout.Health {
		t.Helper()
		seen, err := d.Observe(t.Context(), newCanary(onNodes))
		mustDo(t, err)
		return seen.Canary
	}
	waits := func(what string) {
		t.Helper()
		if got := health(); got.State != rollout.Waiting {
			t.Errorf("%s: Observe() canary = %+v, want it to wait", what, got)
		}
	}
	waits("at first")
	now = now.Add(9 * time.Minute)
	edit(w, newDaemonSet(), nodes(3, 1, 0))
	waits("with progress")
	now = now.Add(9 * time.Minute)
	waits("before the deadline")
	now = now.Add(time.Minute)
	want := rollout.Health{State: rollout.Stuck, Reason: "0 of 3 pods ready (no progress for 10m0s)", Desired: 3}
	if diff := cmp.Diff(want, health()); diff != "" {
		t.Errorf("Observe() canary differs (-want +got):\n%s", diff)
	}
	edit(w, newDaemonSet(), nodes(3, 3, 3))
	health()
	edit(w, newDaemonSet(), nodes(3, 1, 0))
	waits("when it falls back")
}
