package apiserver

import (
	"context"
	"testing"

	istioapi "istio.io/api/networking/v1"
	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Everything that Flagger left behind is taken over as it is: no release starts, no pod is replaced
// and no request is sent elsewhere. The next version is released as usual.
func TestTakingOverFromFlaggerStartsNothing(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	leftByFlagger(t, namespace)
	before := awaitImage(t, namespace, "podinfo-primary", "6.0.0")

	l := startLinnet(t, namespace, newPrometheus(t))
	l.await(t, "the first look at the Canary", func(ctx context.Context) bool { return l.passes(ctx) > 0 })
	l.rest(t)
	c := awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	after := awaitImage(t, namespace, "podinfo-primary", "6.0.0")
	if after.Generation != before.Generation {
		t.Errorf("the primary's spec was written %d times", after.Generation-before.Generation)
	}
	if n := l.told(0, "NewRevision"); n > 0 || c.Status.CanaryWeight != 0 {
		t.Errorf("%d releases were started: %s", n, framework.Describe(c))
	}
	if written := l.written(0, "deployments", framework.App); len(written) > 0 {
		t.Errorf("the target was written:\n%s", listed(written))
	}
	for _, e := range l.written(0, "virtualservices", framework.App) {
		if w := weightIn(t, e); w != 0 {
			t.Errorf("canary weight %d while taking over", w)
		}
	}

	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseProgressing)
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitImage(t, namespace, "podinfo-primary", "6.0.1")
}

// Two controllers would undo each other's work, so Linnet waits until Flagger is stopped.
func TestAFlaggerThatStillRunsIsWaitedFor(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	flagger := framework.Podinfo(namespace, "", func(d *appsv1.Deployment) {
		d.Name, d.Spec.Template.Spec.Containers[0].Image = "flagger", "ghcr.io/fluxcd/flagger:1.44.0"
		d.Spec.Template.Spec.Containers[0].Args = []string{"-namespace=" + namespace} // other tests go on
	})
	create(t, flagger)
	await(t, &appsv1.DeploymentList{}, namespace, "flagger", "running", func(d *appsv1.Deployment) bool { return d.Status.ReadyReplicas > 0 })
	l.settle(t, -1)
	plainApplication(t, namespace)
	create(t, framework.NewCanary(namespace))
	c := await(t, &flaggerv1.CanaryList{}, namespace, framework.App, "refused", isStalled)
	checkSentence(t, c)
	if written := l.written(0, "deployments", "podinfo-primary"); len(written) > 0 {
		t.Errorf("a primary was made beside Flagger's work:\n%s", listed(written))
	}
	update(t, flagger, func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(0)) })
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
}

// leftByFlagger makes what a released application looks like after Flagger's last tick.
func leftByFlagger(t *testing.T, namespace string) {
	t.Helper()
	c := framework.NewCanary(namespace, framework.Steps(50))
	create(t, c, settings(namespace, "settings", "green"))
	owned := func(o client.Object) client.Object {
		o.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(c, flaggerv1.GroupVersion.WithKind(flaggerv1.CanaryKind))})
		return o
	}
	create(t, framework.Podinfo(namespace, "6.0.0", readingSettings, func(d *appsv1.Deployment) { d.Spec.Replicas = new(int32(0)) }))
	create(t, owned(settings(namespace, "settings-primary", "green")), owned(flaggersPrimary(namespace)), owned(flaggersRoute(namespace)))
	for name, pods := range map[string]string{"podinfo": "podinfo-primary", "podinfo-primary": "podinfo-primary", "podinfo-canary": framework.App} {
		create(t, owned(flaggersService(namespace, name, pods)))
	}
	for _, host := range []string{"podinfo-primary", "podinfo-canary"} {
		rule := &istiov1.DestinationRule{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: host}}
		rule.Spec.Host = host
		create(t, owned(rule))
	}
	c.Status = flaggerv1.CanaryStatus{
		Phase: flaggerv1.PhaseSucceeded, LastAppliedSpec: "5978589476", LastPromotedSpec: "5978589476",
		TrackedConfigs:     map[string]string{"configmap/settings": "b2b7d5e6a1f0c3d4"},
		LastTransitionTime: metav1.Now(),
		Conditions: []metav1.Condition{{
			Type: flaggerv1.ConditionPromoted, Status: metav1.ConditionTrue, Reason: string(flaggerv1.PhaseSucceeded),
			Message: "Canary analysis completed successfully, promotion finished.", LastTransitionTime: metav1.Now(),
		}},
	}
	if err := cluster.Status().Update(t.Context(), c); err != nil {
		t.Fatalf("write the status of Flagger: %v", err)
	}
}

// flaggersPrimary is cloned in Flagger's way: one label to select by, and a random mark on its pods.
func flaggersPrimary(namespace string) *appsv1.Deployment {
	return framework.Podinfo(namespace, "6.0.0", readingSettings, func(d *appsv1.Deployment) {
		labels := map[string]string{"app": "podinfo-primary"}
		d.Name, d.Labels = "podinfo-primary", labels
		d.Spec.Selector.MatchLabels, d.Spec.Template.Labels = labels, labels
		d.Spec.Template.Annotations["flagger-id"] = "1c2f6a52-8a9c-4a7e-9f0f-2d5b1f3c4e6d"
		d.Spec.Template.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name = "settings-primary"
	})
}

func flaggersService(namespace, name, pods string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, Labels: map[string]string{"app": name},
			Annotations: map[string]string{
				"kustomize.toolkit.fluxcd.io/reconcile": "disabled", "helm.toolkit.fluxcd.io/driftDetection": "disabled",
			},
		},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": pods},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 9898, TargetPort: intstr.FromInt32(9898), Protocol: corev1.ProtocolTCP}},
		},
	}
}

func flaggersRoute(namespace string) *istiov1.VirtualService {
	vs := framework.OwnRoute(namespace)
	vs.Spec.Hosts = append(vs.Spec.Hosts, framework.App)
	vs.Spec.Http[0].Route = []*istioapi.HTTPRouteDestination{
		{Destination: &istioapi.Destination{Host: "podinfo-primary"}, Weight: 100},
		{Destination: &istioapi.Destination{Host: "podinfo-canary"}},
	}
	return vs
}
