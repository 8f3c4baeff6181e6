package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func named(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

// everywhere refers to configuration in every place that is tracked.
func everywhere(dep *appsv1.Deployment) {
	spec := &dep.Spec.Template.Spec
	spec.Volumes = []corev1.Volume{
		{Name: "1", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("cm-volume")}}},
		{Name: "2", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s-volume"}}},
		{Name: "3", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("cm-projected")}},
			{Secret: &corev1.SecretProjection{LocalObjectReference: named("s-projected")}},
		}}}},
	}
	spec.Containers[0].EnvFrom = []corev1.EnvFromSource{
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named("cm-env")}},
		{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named("s-env")}},
	}
	spec.InitContainers = []corev1.Container{{Name: "init", Image: "init:1", Env: []corev1.EnvVar{
		{Name: "A", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: named("cm-key")}}},
		{Name: "B", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("s-key")}}},
		{Name: "C", Value: "plain"},
	}}}
}

func TestReferencesAreFoundAndRewrittenEverywhere(t *testing.T) {
	var objects []client.Object
	var want []kube.ConfigRef
	for _, name := range []string{"cm-env", "cm-key", "cm-projected", "cm-volume"} {
		objects = append(objects, newConfigMap(name, "a"))
		want = append(want, kube.ConfigRef{Kind: kube.ConfigMap, Name: name})
	}
	for _, name := range []string{"s-env", "s-key", "s-projected", "s-volume"} {
		objects = append(objects, newSecret(name, "a"))
		want = append(want, kube.ConfigRef{Kind: kube.Secret, Name: name})
	}
	w := newWorld(t, append(objects, newTarget(everywhere))...)
	d := w.adapter()
	if diff := cmp.Diff(want, d.References(t.Context(), newCanary())); diff != "" {
		t.Errorf("References() differ (-want +got):\n%s", diff)
	}
	mustDo(t, d.EnsurePrimary(t.Context(), newCanary()))
	var got []kube.ConfigRef
	for _, ref := range references(w.deployment("podinfo-primary").Spec.Template.Spec) {
		source, _ := kube.SourceName(ref.Name)
		got = append(got, kube.ConfigRef{Kind: ref.Kind, Name: source})
		if obj := newConfigObject(ref.Kind); !w.get(ref.Name, obj) {
			t.Errorf("%s %s does not exist", ref.Kind, ref.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the primary's references differ (-want +got):\n%s", diff)
	}
}

func TestCopiesHoldTheWholeContent(t *testing.T) {
	settings := newConfigMap("settings", "a", func(cm *corev1.ConfigMap) {
		cm.BinaryData = map[string][]byte{"logo": {0xff, 0}}
		cm.Immutable = new(true)
		cm.Annotations = map[string]string{"note": "left out"}
		cm.Labels = map[string]string{"app.kubernetes.io/part-of": "a", "other": "b"}
	})
	token := newSecret("token", "a", func(s *corev1.Secret) { s.Type = corev1.SecretTypeBasicAuth })
	w := newWorld(t, newTarget(configured), settings, token)
	c := newCanary()
	mustDo(t, w.adapter(func(o *Options) { o.IncludeLabelPrefix = []string{"app.kubernetes.io/"} }).EnsurePrimary(t.Context(), c))

	var cm corev1.ConfigMap
	w.get("settings-primary", &cm)
	if diff := cmp.Diff(settings.Data, cm.Data); diff != "" {
		t.Errorf("data differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(settings.BinaryData, cm.BinaryData); diff != "" {
		t.Errorf("binary data differ (-want +got):\n%s", diff)
	}
	if cm.Immutable != nil || len(cm.Annotations) > 0 {
		t.Errorf("copy is immutable %v with annotations %v, want neither", cm.Immutable, cm.Annotations)
	}
	if diff := cmp.Diff(map[string]string{"app.kubernetes.io/part-of": "a"}, cm.Labels); diff != "" {
		t.Errorf("labels differ (-want +got):\n%s", diff)
	}
	if _, ours := kube.Controller(&cm, c); !ours {
		t.Errorf("the copy belongs to %v", cm.OwnerReferences)
	}
	var secret corev1.Secret
	w.get("token-primary", &secret)
	if secret.Type != token.Type {
		t.Errorf("the copy has type %s, want %s", secret.Type, token.Type)
	}
	if diff := cmp.Diff(token.Data, secret.Data); diff != "" {
		t.Errorf("secret data differ (-want +got):\n%s", diff)
	}
}

func TestWhichConfigurationIsFollowed(t *testing.T) {
	optional := func(dep *appsv1.Deployment) {
		configured(dep)
		dep.Spec.Template.Spec.Volumes[0].ConfigMap.Optional = new(true)
		dep.Spec.Template.Spec.Containers[0].EnvFrom[0].SecretRef.Optional = new(true)
	}
	off := func(value string) map[string]string {
		return map[string]string{flaggerv1.ConfigTrackingAnnotation: value}
	}
	tests := map[string]struct {
		target  func(*appsv1.Deployment)
		objects []client.Object
		options func(*Options)
		want    []string
	}{
		"both":                                      {target: configured, objects: []client.Object{newConfigMap("settings", "a"), newSecret("token", "a")}, want: []string{"configmap/settings", "secret/token"}},
		"optional ones that exist":                  {target: optional, objects: []client.Object{newConfigMap("settings", "a"), newSecret("token", "a")}, want: []string{"configmap/settings", "secret/token"}},
		"not optional ones that do not":             {target: optional, objects: []client.Object{newSecret("token", "a")}, want: []string{"secret/token"}},
		"not a ConfigMap that opted out":            {target: configured, objects: []client.Object{newConfigMap("settings", "a", func(cm *corev1.ConfigMap) { cm.Annotations = off("disabled") }), newSecret("token", "a")}, want: []string{"secret/token"}},
		"not a Secret that opted out":               {target: configured, objects: []client.Object{newConfigMap("settings", "a"), newSecret("token", "a", func(s *corev1.Secret) { s.Annotations = off("disable") })}, want: []string{"configmap/settings"}},
		"one with another value of that annotation": {target: configured, objects: []client.Object{newConfigMap("settings", "a", func(cm *corev1.ConfigMap) { cm.Annotations = off("enabled") }), newSecret("token", "a")}, want: []string{"configmap/settings", "secret/token"}},
		"a Secret for TLS":                          {target: configured, objects: []client.Object{newConfigMap("settings", "a"), newSecret("token", "a", func(s *corev1.Secret) { s.Type = corev1.SecretTypeTLS })}, want: []string{"configmap/settings", "secret/token"}},
		"not a Secret of the cluster's own":         {target: configured, objects: []client.Object{newConfigMap("settings", "a"), newSecret("token", "a", func(s *corev1.Secret) { s.Type = corev1.SecretTypeServiceAccountToken })}, want: []string{"configmap/settings"}},
		"nothing when tracking is off":              {target: configured, options: func(o *Options) { o.ConfigTracking = false }, want: nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, append(tc.objects, newTarget(tc.target))...)
			var options []func(*Options)
			if tc.options != nil {
				options = append(options, tc.options)
			}
			d := w.adapter(options...)
			mustDo(t, d.EnsurePrimary(t.Context(), newCanary()))
			seen, err := d.Observe(t.Context(), newCanary())
			mustDo(t, err)
			followed := map[string]bool{}
			for _, name := range tc.want {
				followed[name] = true
			}
			for _, ref := range []kube.ConfigRef{{Kind: kube.ConfigMap, Name: "settings"}, {Kind: kube.Secret, Name: "token"}} {
				if _, tracked := seen.TrackedConfigs[ref.String()]; tracked != followed[ref.String()] {
					t.Errorf("%s tracked: %t", ref, tracked)
				}
				if copied := w.get(kube.PrimaryName(ref.Name), newConfigObject(ref.Kind)); copied != followed[ref.String()] {
					t.Errorf("%s copied: %t", ref, copied)
				}
				copyRef := kube.ConfigRef{Kind: ref.Kind, Name: kube.PrimaryName(ref.Name)}
				if used := refersTo(w.deployment("podinfo-primary"), copyRef); used != followed[ref.String()] {
					t.Errorf("the primary uses a copy of %s: %t", ref, used)
				}
			}
		})
	}
}

func refersTo(dep *appsv1.Deployment, ref kube.ConfigRef) bool {
	for _, r := range references(dep.Spec.Template.Spec) {
		if r.ConfigRef == ref {
			return true
		}
	}
	return false
}

func TestRevisionMovesWithTheContent(t *testing.T) {
	tests := map[string]struct {
		change func(*world)
		moves  bool
	}{
		"a value of a ConfigMap": {func(w *world) {
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "b" })
		}, true},
		"binary data of a ConfigMap": {func(w *world) {
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.BinaryData = map[string][]byte{"b": {1}} })
		}, true},
		"a value of a Secret": {func(w *world) {
			edit(w, newSecret("token", ""), func(s *corev1.Secret) { s.Data["key"] = []byte("b") })
		}, true},
		"a label of a ConfigMap": {func(w *world) {
			edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Labels = map[string]string{"a": "b"} })
		}, false},
		"a Secret that goes away": {func(w *world) {
			mustDo(w.t, w.Delete(w.t.Context(), newSecret("token", "")))
		}, false},
		"a ConfigMap that is replaced by the same": {func(w *world) {
			mustDo(w.t, w.Delete(w.t.Context(), newConfigMap("settings", "")))
			mustDo(w.t, w.Create(w.t.Context(), newConfigMap("settings", "a")))
		}, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
			d := w.adapter()
			before, err := d.Observe(t.Context(), newCanary())
			mustDo(t, err)
			tc.change(w)
			after, err := d.Observe(t.Context(), newCanary())
			mustDo(t, err)
			if moved := before.Revision != after.Revision; moved != tc.moves {
				t.Errorf("revision moved: %t, want %t", moved, tc.moves)
			}
		})
	}
}

func TestAnIdleCanaryReadsNothingPastTheCache(t *testing.T) {
	w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"), newHPA(2, 9))
	c := newCanary(scaled)
	d := w.adapter()
	for range 2 {
		w.forget()
		_, err := d.Observe(t.Context(), c)
		mustDo(t, err)
		mustDo(t, d.EnsurePrimary(t.Context(), c))
		mustDo(t, d.Hold(t.Context(), c, false))
		_, err = d.Observe(t.Context(), c)
		mustDo(t, err)
	}
	if len(w.writes)+len(w.liveReads) > 0 {
		t.Errorf("an idle Canary wrote %q and read %q past the cache", w.writes, w.liveReads)
	}
	edit(w, newConfigMap("settings", ""), func(cm *corev1.ConfigMap) { cm.Data["key"] = "b" })
	for range 2 {
		_, err := d.Observe(t.Context(), c)
		mustDo(t, err)
	}
	if diff := cmp.Diff([]string{"ConfigMap settings"}, w.liveReads); diff != "" {
		t.Errorf("reads past the cache after an edit differ (-want +got):\n%s", diff)
	}
}

func TestMissingConfigurationIsARevisionThatWaits(t *testing.T) {
	w := newWorld(t, newTarget(counts(2, 2, 0)))
	d := w.adapter()
	before, err := d.Observe(t.Context(), newCanary())
	mustDo(t, err)
	edit(w, newTarget(), configured)
	after, err := d.Observe(t.Context(), newCanary())
	mustDo(t, err)
	if after.Revision == before.Revision {
		t.Error("the revision did not move")
	}
	want := rollout.Health{State: rollout.Waiting, Desired: 2, Reason: "ConfigMap settings, which Deployment podinfo refers to, does not exist"}
	if diff := cmp.Diff(want, after.Canary); diff != "" {
		t.Errorf("Observe() canary differs (-want +got):\n%s", diff)
	}
	waitedFor := map[string]string{"configmap/settings": "", "secret/token": ""}
	if diff := cmp.Diff(waitedFor, after.TrackedConfigs); diff != "" {
		t.Errorf("Observe() tracked configurations differ (-want +got):\n%s", diff)
	}
}

func TestChecksumsAreThoseOfFlagger(t *testing.T) {
	// The first half of: printf '{"key":"a"}' | sha256sum
	const want = "15abefcb685c2b5e"
	if got := checksum(newConfigMap("settings", "a")); got != want {
		t.Errorf("checksum() = %s, want %s", got, want)
	}
}

func TestCanariesShareACopy(t *testing.T) {
	backend := newTarget(configured, func(dep *appsv1.Deployment) {
		dep.ObjectMeta = meta("backend")
		dep.Spec.Selector.MatchLabels["app"] = "backend"
		dep.Spec.Template.Labels["app"] = "backend"
	})
	w := newWorld(t, newTarget(configured), backend, newConfigMap("settings", "a"), newSecret("token", "a"))
	d := w.adapter()
	first := newCanary()
	second := newCanary(func(c *flaggerv1.Canary) {
		c.ObjectMeta, c.Spec.TargetRef.Name = meta("backend"), "backend"
	})
	mustDo(t, d.EnsurePrimary(t.Context(), first))
	mustDo(t, d.EnsurePrimary(t.Context(), second))
	var cm corev1.ConfigMap
	w.get("settings-primary", &cm)
	firstRef, secondRef := kube.ControllerRef(first), kube.ControllerRef(second)
	secondRef.Controller, secondRef.BlockOwnerDeletion = nil, nil
	if diff := cmp.Diff([]metav1.OwnerReference{firstRef, secondRef}, cm.OwnerReferences); diff != "" {
		t.Errorf("owners differ (-want +got):\n%s", diff)
	}
}

func TestEnsurePrimaryReplacesALostCopy(t *testing.T) {
	w := newWorld(t, newTarget(configured), newConfigMap("settings", "a"), newSecret("token", "a"))
	d := w.adapter()
	mustDo(t, d.EnsurePrimary(t.Context(), newCanary()))
	mustDo(t, w.Delete(t.Context(), newConfigMap("settings-primary", "")))
	w.forget()
	mustDo(t, d.EnsurePrimary(t.Context(), newCanary()))
	if diff := cmp.Diff([]string{"create ConfigMap settings-primary"}, w.writes); diff != "" {
		t.Errorf("writes differ (-want +got):\n%s", diff)
	}
}
