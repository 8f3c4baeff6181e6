package apiserver

import (
	"context"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// playDeployments does what the Deployment controller and the kubelets do in a cluster where all
// goes well: the pods of every Deployment, of which there are none here, are said to be ready at once.
func playDeployments(ctx context.Context, c client.WithWatch) {
	for ctx.Err() == nil {
		w, err := c.Watch(ctx, &appsv1.DeploymentList{})
		if err != nil {
			return // the API server is gone, and the tests with it
		}
		for event := range w.ResultChan() {
			if d, ok := event.Object.(*appsv1.Deployment); ok {
				// A conflict brings the Deployment here again.
				_ = sayReady(ctx, c, d)
			}
		}
	}
}

func sayReady(ctx context.Context, c client.Client, d *appsv1.Deployment) error {
	n, now := framework.Replicas(d), metav1.NewTime(time.Now())
	is := appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation,
		Replicas:           n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
		Conditions: d.Status.Conditions,
	}
	if len(is.Conditions) == 0 {
		is.Conditions = []appsv1.DeploymentCondition{
			{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, LastTransitionTime: now, LastUpdateTime: now},
			{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, LastTransitionTime: now, LastUpdateTime: now},
		}
	}
	if equality.Semantic.DeepEqual(is, d.Status) {
		return nil
	}
	d.Status = is
	return c.Status().Update(ctx, d)
}
