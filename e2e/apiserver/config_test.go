package apiserver

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The primary reads copies of the configuration, which change at a promotion only.
func TestConfigurationIsPartOfARelease(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, configuration(namespace)...)
	create(t, framework.Podinfo(namespace, "6.0.0", configured), framework.NewCanary(namespace, framework.Steps(50)))
	c := awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	want := []string{"configmap/logo", "configmap/settings", "secret/password"}
	if got := slices.Sorted(maps.Keys(c.Status.TrackedConfigs)); !slices.Equal(got, want) {
		t.Errorf("tracked are %v, want %v", got, want)
	}
	checkCopies(t, namespace, "green", "png")
	checkReferences(t, namespace)

	mark := l.mark()
	update(t, configMap(namespace, "untracked"), func(m *corev1.ConfigMap) { m.Data = map[string]string{"colour": "red"} })
	update(t, configMap(namespace, "logo"), func(m *corev1.ConfigMap) { m.BinaryData = map[string][]byte{"logo": []byte("jpg")} })
	awaitPhase(t, namespace, flaggerv1.PhaseProgressing)
	checkCopies(t, namespace, "green", "png")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	checkCopies(t, namespace, "green", "jpg")
	l.settle(t, 0)
	if n := l.told(mark, "NewRevision"); n != 1 {
		t.Errorf("%d releases of one change of tracked configuration, want 1", n)
	}
}

func TestConfigurationIsLeftAloneWhenTrackingIsOff(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t), "--enable-config-tracking=false")
	create(t, configuration(namespace)...)
	create(t, framework.Podinfo(namespace, "6.0.0", configured), framework.NewCanary(namespace))
	c := awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	if len(c.Status.TrackedConfigs) > 0 {
		t.Errorf("tracked are %v, want nothing", c.Status.TrackedConfigs)
	}
	for _, resource := range []string{"configmaps", "secrets"} {
		if touched := pick(l.since(0), func(e entry) bool { return e.Resource == resource && e.Verb != "list" }); len(touched) > 0 {
			t.Errorf("%s were touched:\n%s", resource, listed(touched))
		}
	}
}

func configMap(namespace, name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func configuration(namespace string) []client.Object {
	logo := configMap(namespace, "logo")
	logo.BinaryData = map[string][]byte{"logo": []byte("png")}
	untracked := configMap(namespace, "untracked")
	untracked.Annotations = map[string]string{flaggerv1.ConfigTrackingAnnotation: "disabled"}
	password := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "password"}, Data: map[string][]byte{"password": []byte("secret")},
	}
	return []client.Object{settings(namespace, "settings", "green"), logo, untracked, password}
}

// configured refers to configuration in every way, and to some that is not there and need not be.
func configured(d *appsv1.Deployment) {
	readingSettings(d)
	spec := &d.Spec.Template.Spec
	of := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	absent := &corev1.ConfigMapEnvSource{LocalObjectReference: of("absent"), Optional: new(true)}
	spec.Containers[0].EnvFrom = append(spec.Containers[0].EnvFrom,
		corev1.EnvFromSource{ConfigMapRef: absent},
		corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: of("untracked")}})
	spec.Volumes = []corev1.Volume{{Name: "all", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: of("logo")}}},
	}}}}
	spec.InitContainers = []corev1.Container{{
		Name: "prepare", Image: spec.Containers[0].Image,
		Env: []corev1.EnvVar{{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{
			SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: of("password"), Key: "password"},
		}}},
	}}
}

func checkCopies(t *testing.T, namespace, colour, logo string) {
	t.Helper()
	for name, want := range map[string]corev1.ConfigMap{
		"settings-primary": {Data: map[string]string{"COLOUR": colour}},
		"logo-primary":     {BinaryData: map[string][]byte{"logo": []byte(logo)}},
	} {
		got := configMap(namespace, name)
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(got), got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, corev1.ConfigMap{Data: got.Data, BinaryData: got.BinaryData}); diff != "" {
			t.Errorf("ConfigMap %s (-want +got):\n%s", name, diff)
		}
	}
	secret := &corev1.Secret{}
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "password-primary"}, secret); err != nil {
		t.Fatal(err)
	}
	if got := string(secret.Data["password"]); got != "secret" {
		t.Errorf("Secret password-primary holds %q", got)
	}
	for _, name := range []string{"untracked-primary", "absent-primary"} {
		got := configMap(namespace, name)
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(got), got); !apierrors.IsNotFound(err) {
			t.Errorf("ConfigMap %s: %v, want none", name, err)
		}
	}
}

func checkReferences(t *testing.T, namespace string) {
	t.Helper()
	d := &appsv1.Deployment{}
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "podinfo-primary"}, d); err != nil {
		t.Fatal(err)
	}
	spec := d.Spec.Template.Spec
	got := []string{spec.Volumes[0].Projected.Sources[0].ConfigMap.Name, spec.InitContainers[0].Env[0].ValueFrom.SecretKeyRef.Name}
	for _, from := range spec.Containers[0].EnvFrom {
		got = append(got, from.ConfigMapRef.Name)
	}
	want := []string{"logo-primary", "password-primary", "settings-primary", "absent", "untracked"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the primary refers to (-want +got):\n%s", diff)
	}
}
