package zerodowntime

import (
	istioapi "istio.io/api/networking/v1"
	istiov1 "istio.io/client-go/pkg/apis/networking/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	"github.com/linnet-delivery/linnet/e2e/zerodowntime/causes"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The two applications are the same program, which stops serving the moment it is told to. Only the
// Deployment around it differs.
const (
	naive     = "naive"
	checklist = "checklist"
)

// preStop is how long a pod of the application with the checklist serves on after it was told to stop.
const preStop = 10

// edits returns what makes framework.Podinfo one of the two applications.
func edits(application string) []func(*appsv1.Deployment) {
	if application == naive {
		return []func(*appsv1.Deployment){framework.WithoutGrace, withoutChecklist}
	}
	return []func(*appsv1.Deployment){framework.WithoutGrace, withChecklist}
}

// withoutChecklist leaves a Deployment as the shortest of manifests has it.
func withoutChecklist(d *appsv1.Deployment) {
	d.Spec.Strategy = appsv1.DeploymentStrategy{}
	d.Spec.Template.Spec.Containers[0].ReadinessProbe = nil
}

// withChecklist adds to framework.Podinfo, which has replicas, strategy, readiness probe and requests
// already, what docs/zero-downtime.md asks for besides.
func withChecklist(d *appsv1.Deployment) {
	d.Spec.Template.Annotations["sidecar.istio.io/nativeSidecar"] = "true" // the proxy stops after the program
	spec := &d.Spec.Template.Spec
	spec.TerminationGracePeriodSeconds = new(int64(preStop + 20))
	spec.Containers[0].Lifecycle = &corev1.Lifecycle{
		PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: preStop}},
	}
}

// trace makes every answer say where it went and what the gateway thinks of it.
var trace = map[string]string{
	framework.ClusterHeader: causes.Trace,
	framework.PeerHeader:    "%UPSTREAM_REMOTE_ADDRESS%",
}

// ownRoute returns the route of a user without Linnet.
func ownRoute(namespace string, retries bool) *istiov1.VirtualService {
	vs := framework.OwnRoute(namespace)
	policy := canary(namespace, retries).Spec.Service.Retries
	vs.Spec.Http[0].Retries = &istioapi.HTTPRetry{Attempts: policy.Attempts, RetryOn: policy.RetryOn}
	vs.Spec.Http[0].Headers = &istioapi.Headers{Response: &istioapi.Headers_HeaderOperations{Set: trace}}
	return vs
}

// canary returns the Canary of both applications. Without retries they are off: a route that says nothing
// about them has Istio's own two.
func canary(namespace string, retries bool) *flaggerv1.Canary {
	return framework.NewCanary(namespace, func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Metrics = []flaggerv1.CanaryMetric{framework.SuccessRate(99, "10s")}
		c.Spec.Service.Headers.Response.Set = trace
		if !retries {
			c.Spec.Service.Retries = &flaggerv1.HTTPRetry{}
		}
	})
}
