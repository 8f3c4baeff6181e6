package workload

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

func TestEnsurePrimaryClonesTheTarget(t *testing.T) {
	w := newWorld(t, newTarget(size(3), func(dep *appsv1.Deployment) {
		dep.Spec.MinReadySeconds = 5
		dep.Labels = map[string]string{"team": "a"}
		dep.Annotations = map[string]string{
			"note": "kept",
			"kubectl.kubernetes.io/last-applied-configuration": "{}",
			"kustomize.toolkit.fluxcd.io/checksum":             "1",
			deploymentRevision:                                 "4",
		}
	}))
	c := newCanary()
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	seen, err := d.Observe(t.Context(), c)
	mustDo(t, err)

	primary := w.deployment("podinfo-primary")
	template := newTarget().Spec.Template
	template.Labels["app"] = "podinfo-primary"
	want := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "test", Name: "podinfo-primary", ResourceVersion: primary.ResourceVersion,
			Labels:          map[string]string{"app": "podinfo-primary"},
			Annotations:     map[string]string{"note": "kept", "linnet.dev/revision": seen.Revision},
			OwnerReferences: []metav1.OwnerReference{kube.ControllerRef(c)},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas:                ptr.To[int32](3),
			Selector:                &metav1.LabelSelector{MatchLabels: map[string]string{"app": "podinfo-primary"}},
			Template:                template,
			Strategy:                appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType},
			MinReadySeconds:         5,
			RevisionHistoryLimit:    ptr.To[int32](10),
			ProgressDeadlineSeconds: ptr.To[int32](600),
		},
	}
	if diff := cmp.Diff(want, primary); diff != "" {
		t.Errorf("primary differs (-want +got):\n%s", diff)
	}
	if !seen.PrimaryFound || seen.PrimaryRevision != seen.Revision {
		t.Errorf("Observe() found %t at %q, want the primary at %q", seen.PrimaryFound, seen.PrimaryRevision, seen.Revision)
	}
}

func TestPrimaryOfATargetWithoutReplicasHasOne(t *testing.T) {
	for name, replicas := range map[string]*int32{"scaled to zero": ptr.To[int32](0), "unset": nil} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(func(dep *appsv1.Deployment) { dep.Spec.Replicas = replicas }))
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
			if got := *w.deployment("podinfo-primary").Spec.Replicas; got != 1 {
				t.Errorf("primary has %d replicas, want 1", got)
			}
		})
	}
}

func TestIncludedLabelsAndAnnotationsFollowTheTarget(t *testing.T) {
	include := func(o *Options) { o.IncludeLabelPrefix = []string{"team.example.com/"} }
	w := newWorld(t, newTarget(func(dep *appsv1.Deployment) {
		dep.Labels = map[string]string{"team.example.com/a": "1", "other": "1"}
		dep.Annotations = map[string]string{"team.example.com/b": "1"}
	}))
	c := newCanary()
	d := w.adapter(include)
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, primaryOf(newTarget()), func(dep *appsv1.Deployment) { dep.Annotations["somebody/else"] = "1" })
	edit(w, newTarget(), func(dep *appsv1.Deployment) {
		dep.Labels = map[string]string{"team.example.com/c": "2"}
		dep.Annotations = nil
		image("podinfo:2")(dep)
	})
	promote(t, d, c)

	primary := w.deployment("podinfo-primary")
	if diff := cmp.Diff(map[string]string{"app": "podinfo-primary", "team.example.com/c": "2"}, primary.Labels); diff != "" {
		t.Errorf("labels differ (-want +got):\n%s", diff)
	}
	want := map[string]string{"somebody/else": "1", "linnet.dev/revision": primary.Annotations["linnet.dev/revision"]}
	if diff := cmp.Diff(want, primary.Annotations); diff != "" {
		t.Errorf("annotations differ (-want +got):\n%s", diff)
	}
}

func TestMarksOfOtherToolsAreNeverCopied(t *testing.T) {
	mark := func(dep *appsv1.Deployment) {
		dep.Annotations = map[string]string{
			"note": "1",
			"kubectl.kubernetes.io/last-applied-configuration": "{}",
			"kustomize.toolkit.fluxcd.io/checksum":             "1",
			deploymentRevision:                                 "4",
		}
	}
	w := newWorld(t, newTarget(mark))
	c := newCanary()
	d := w.adapter(func(o *Options) { o.IncludeLabelPrefix = []string{"*"} })
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	edit(w, newTarget(), image("podinfo:2"))
	edit(w, newTarget(), mark)
	promote(t, d, c)
	annotations := w.deployment("podinfo-primary").Annotations
	want := map[string]string{"note": "1", "linnet.dev/revision": annotations["linnet.dev/revision"]}
	if diff := cmp.Diff(want, annotations); diff != "" {
		t.Errorf("annotations differ (-want +got):\n%s", diff)
	}
}

func TestEnsurePrimaryLeavesAnExistingTemplateAlone(t *testing.T) {
	w := newWorld(t, newTarget())
	c := newCanary()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, newTarget(), image("podinfo:2"))
	w.forget()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	if len(w.writes) > 0 {
		t.Errorf("EnsurePrimary() wrote %q", w.writes)
	}
}

func TestTakingOverFromFlaggerRollsNothing(t *testing.T) {
	w := newWorld(t, newTarget(configured, podSpec(func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{LabelSelector: matching("app", "podinfo")}}
	})), newConfigMap("settings", "a"), newSecret("token", "a"))
	c := newCanary()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), c))
	edit(w, primaryOf(newTarget()), asFlaggerLeftIt)
	w.forget()

	d := w.adapter()
	before, err := d.Observe(t.Context(), c)
	mustDo(t, err)
	if before.PrimaryRevision != before.Revision {
		t.Errorf("Observe() primary revision = %q, want %q", before.PrimaryRevision, before.Revision)
	}
	mustDo(t, d.EnsurePrimary(t.Context(), c))
	if diff := cmp.Diff([]string{"patch Deployment podinfo-primary"}, w.writes); diff != "" || w.rolls != 0 {
		t.Errorf("EnsurePrimary() rolled %d times and wrote (-want +got):\n%s", w.rolls, diff)
	}
	edit(w, newTarget(), image("podinfo:2"))
	after, err := d.Observe(t.Context(), c)
	mustDo(t, err)
	if after.PrimaryRevision != before.Revision {
		t.Errorf("after a new image the primary is at %q, want %q", after.PrimaryRevision, before.Revision)
	}
}

// Flagger rewrites spreading rules that name the Deployment, Linnet those that name the label's value.
func TestTakingOverToleratesFlaggersSpreadingRules(t *testing.T) {
	spread := podSpec(func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{LabelSelector: matching("app", "frontend")}}
	})
	w := newWorld(t, newTarget(spread, func(dep *appsv1.Deployment) {
		dep.Spec.Selector.MatchLabels["app"], dep.Spec.Template.Labels["app"] = "frontend", "frontend"
	}))
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
	edit(w, primaryOf(newTarget()), asFlaggerLeftIt)
	edit(w, primaryOf(newTarget()), spread)
	got, err := w.adapter().Observe(t.Context(), newCanary())
	mustDo(t, err)
	if got.PrimaryRevision != got.Revision {
		t.Errorf("Observe() primary revision = %q, want %q", got.PrimaryRevision, got.Revision)
	}
}

func TestAPrimaryOfUnknownOriginHasNoRevision(t *testing.T) {
	tests := map[string]func(*world){
		"its template differs": func(w *world) { edit(w, newTarget(), image("podinfo:2")) },
		"its configuration differs": func(w *world) {
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "b" })
		},
		"a copy of its configuration is gone": func(w *world) {
			mustDo(w.t, w.Delete(w.t.Context(), newSecret("token-primary", "")))
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
			mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary()))
			edit(w, primaryOf(newTarget()), asFlaggerLeftIt)
			change(w)
			got, err := w.adapter().Observe(t.Context(), newCanary())
			mustDo(t, err)
			if !got.PrimaryFound || got.PrimaryRevision != "" {
				t.Errorf("Observe() found %t at %q, want a primary of unknown revision", got.PrimaryFound, got.PrimaryRevision)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	other := func(kind, name, uid string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{APIVersion: "flagger.app/v1beta1", Kind: kind, Name: name, UID: "uid-" + "x", Controller: new(true)}}
	}
	primary := func(edits ...func(*appsv1.Deployment)) *appsv1.Deployment {
		dep := newTarget(edits...)
		dep.ObjectMeta = metav1.ObjectMeta{Namespace: "test", Name: "podinfo-primary", OwnerReferences: dep.OwnerReferences}
		return dep
	}
	ours := func(dep *appsv1.Deployment) { dep.Spec.Selector.MatchLabels["app"] = "podinfo-primary" }
	tests := map[string]struct {
		canary  func(*flaggerv1.Canary)
		objects []client.Object
		want    error
		says    string
	}{
		"no target": {want: kube.ErrTargetNotFound, says: "Deployment test/podinfo"},
		"another kind of target": {
			canary: func(c *flaggerv1.Canary) { c.Spec.TargetRef.Kind = "StatefulSet" },
			want:   kube.ErrRefused, says: "targetRef names a StatefulSet",
		},
		"another kind of autoscaler": {
			canary:  func(c *flaggerv1.Canary) { scaled(c); c.Spec.AutoscalerRef.Kind = "HTTPScaledObject" },
			objects: []client.Object{newTarget()},
			want:    kube.ErrRefused, says: "autoscalerRef names a HTTPScaledObject",
		},
		"no autoscaler": {
			canary:  scaled,
			objects: []client.Object{newTarget()},
			want:    kube.ErrRefused, says: "HorizontalPodAutoscaler podinfo, which autoscalerRef names, does not exist",
		},
		"no label that tells pods apart": {
			objects: []client.Object{newTarget(func(dep *appsv1.Deployment) {
				dep.Spec.Selector.MatchLabels = map[string]string{"tier": "front"}
			})},
			want: kube.ErrRefused, says: "none of the labels app, name, app.kubernetes.io/name",
		},
		"a label value too long for a suffix": {
			objects: []client.Object{newTarget(func(dep *appsv1.Deployment) {
				dep.Spec.Selector.MatchLabels["app"] = strings.Repeat("a", 56)
			})},
			want: kube.ErrRefused, says: "longer than the 63 characters",
		},
		"no ConfigMap": {
			objects: []client.Object{newTarget(configured), newSecret("token", "a")},
			want:    kube.ErrRefused, says: "ConfigMap settings, which Deployment podinfo refers to, does not exist",
		},
		"no ConfigMap, which one of two uses needs": {
			objects: []client.Object{newTarget(configured, podSpec(func(s *corev1.PodSpec) {
				s.Volumes[0].ConfigMap.Optional = new(false)
				s.Containers[0].EnvFrom = append(s.Containers[0].EnvFrom, corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{
					LocalObjectReference: named("settings"), Optional: new(true),
				}})
			})), newSecret("token", "a")},
			want: kube.ErrRefused, says: "ConfigMap settings, which Deployment podinfo refers to, does not exist",
		},
		"the primary's name is taken": {
			objects: []client.Object{newTarget(), primary(ours, func(dep *appsv1.Deployment) { dep.OwnerReferences = other("Canary", "backend", "") })},
			want:    kube.ErrRefused, says: "Deployment podinfo-primary belongs to Canary backend",
		},
		"a stray primary selects other pods": {
			objects: []client.Object{newTarget(), primary()},
			want:    kube.ErrRefused, says: `selects its pods by app="podinfo"`,
		},
		"the name of a copy is taken": {
			objects: []client.Object{newTarget(configured), newSecret("token", "a"), newConfigMap("settings", "a"), newConfigMap("settings-primary", "b")},
			want:    kube.ErrRefused, says: "ConfigMap settings-primary exists and belongs to no Canary",
		},
		"the autoscaler's name is taken": {
			canary: scaled,
			objects: []client.Object{newTarget(), newHPA(1, 2), func() client.Object {
				hpa := newHPA(1, 2)
				hpa.Name, hpa.OwnerReferences = "podinfo-primary", other("Canary", "backend", "")
				return hpa
			}()},
			want: kube.ErrRefused, says: "HorizontalPodAutoscaler podinfo-primary belongs to Canary backend",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.objects...)
			c := newCanary()
			if tc.canary != nil {
				tc.canary(c)
			}
			err := w.adapter().EnsurePrimary(t.Context(), c)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("EnsurePrimary() = %v, want %v saying %q", err, tc.want, tc.says)
			}
		})
	}
}

func TestACanaryThatIsCreatedAgainKeepsThePrimary(t *testing.T) {
	w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"), newHPA(2, 9))
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), newCanary(scaled)))
	again := newCanary(scaled, func(c *flaggerv1.Canary) { c.UID = "later" })
	w.forget()
	mustDo(t, w.adapter().EnsurePrimary(t.Context(), again))
	if w.rolls != 0 {
		t.Errorf("the primary rolled %d times", w.rolls)
	}
	for obj, name := range map[client.Object]string{
		&appsv1.Deployment{}:                     "podinfo-primary",
		&autoscalingv2.HorizontalPodAutoscaler{}: "podinfo-primary",
		&corev1.ConfigMap{}:                      "settings-primary",
		&corev1.Secret{}:                         "token-primary",
	} {
		w.get(name, obj)
		if diff := cmp.Diff([]metav1.OwnerReference{kube.ControllerRef(again)}, obj.GetOwnerReferences()); diff != "" {
			t.Errorf("owners of %T differ (-want +got):\n%s", obj, diff)
		}
	}
}
