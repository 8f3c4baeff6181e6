package apiserver

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// A version fails, the user goes back, ships it again, it fails again, and is at last tried once more
// by an annotation on the pod template.
func TestAFailedRevisionIsTakenBackAndTriedAgain(t *testing.T) {
	t.Parallel()
	namespace, prometheus := newNamespace(t), newFickle(t)
	l := startLinnet(t, namespace, prometheus.url)
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(50), framework.Threshold(1)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)

	prometheus.success.Store(50)
	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseFailed)
	awaitSize(t, namespace, framework.App, 0)
	l.settle(t, 0)

	mark := l.mark()
	ship(t, namespace, "6.0.0")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	l.settle(t, 0)
	if n := l.told(mark, "NewRevision"); n != 0 {
		t.Error("the return to the promoted version started a release")
	}
	if written := l.written(mark, "deployments", framework.App); len(written) > 0 {
		t.Errorf("the return to the promoted version was scaled:\n%s", listed(written))
	}

	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseProgressing)
	awaitPhase(t, namespace, flaggerv1.PhaseFailed)

	prometheus.success.Store(100)
	update(t, podinfo(namespace), func(d *appsv1.Deployment) {
		metav1.SetMetaDataAnnotation(&d.Spec.Template.ObjectMeta, "example.com/try", "again")
	})
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitImage(t, namespace, "podinfo-primary", "6.0.1")
}

// Without an analysis the primary follows the target, when the target is ready.
func TestASkippedAnalysisPromotesAtOnce(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, func(c *flaggerv1.Canary) { c.Spec.SkipAnalysis = true }))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	mark := l.mark()
	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitImage(t, namespace, "podinfo-primary", "6.0.1")
	for _, e := range l.written(mark, "virtualservices", framework.App) {
		if w := weightIn(t, e); w != 0 && w != 100 {
			t.Errorf("canary weight %d without an analysis", w)
		}
	}
}

// A suspended Canary releases nothing until it is resumed.
func TestASuspendedCanaryWaits(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(50)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	l.settle(t, 0)
	canary := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
	passes := l.passes(t.Context())
	update(t, canary, func(c *flaggerv1.Canary) { c.Spec.Suspend = true })
	l.settle(t, passes)

	mark, passes := l.mark(), l.passes(t.Context())
	ship(t, namespace, "6.0.1")
	l.settle(t, passes)
	if moved := pick(writes(l.since(mark)), func(e entry) bool { return e.Resource == "virtualservices" || e.Resource == "deployments" }); len(moved) > 0 {
		t.Errorf("a suspended Canary wrote:\n%s", listed(moved))
	}
	update(t, canary, func(c *flaggerv1.Canary) { c.Spec.Suspend = false })
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitImage(t, namespace, "podinfo-primary", "6.0.1")
}

// The primary's own labels and annotations are those of the target that were asked for.
func TestPrefixedMetadataReachesThePrimary(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	startLinnet(t, namespace, newPrometheus(t), "--include-label-prefix=app.kubernetes.io")
	create(t, framework.Podinfo(namespace, "6.0.0", func(d *appsv1.Deployment) {
		d.Labels["app.kubernetes.io/managed-by"], d.Labels["team"] = "tests", "shop"
		d.Annotations = map[string]string{"app.kubernetes.io/instance": "one"}
	}), framework.NewCanary(namespace))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	d := awaitImage(t, namespace, "podinfo-primary", "6.0.0")
	if _, copied := d.Labels["team"]; copied || d.Labels["app.kubernetes.io/managed-by"] != "tests" || d.Annotations["app.kubernetes.io/instance"] != "one" {
		t.Errorf("the primary has labels %v and annotations %v", d.Labels, d.Annotations)
	}
}

func podinfo(namespace string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
}

func awaitSize(t *testing.T, namespace, name string, replicas int32) {
	t.Helper()
	await(t, &appsv1.DeploymentList{}, namespace, name, "resized", func(d *appsv1.Deployment) bool { return *d.Spec.Replicas == replicas })
}

func awaitImage(t *testing.T, namespace, name, version string) *appsv1.Deployment {
	t.Helper()
	return await(t, &appsv1.DeploymentList{}, namespace, name, "at "+version, func(d *appsv1.Deployment) bool {
		return framework.ImageOf(d) == framework.Image(version)
	})
}
