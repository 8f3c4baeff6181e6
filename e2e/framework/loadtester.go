package framework

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// LoadTester is the name of the load tester's Deployment and Service.
const LoadTester = "loadtester"

// NewLoadTester returns a load tester for a namespace.
func NewLoadTester(namespace string) []client.Object {
	labels := map[string]string{"app": LoadTester}
	meta := metav1.ObjectMeta{Namespace: namespace, Name: LoadTester, Labels: labels}
	return []client.Object{
		&appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: LoadTester, Image: "lab.local/loadtester:dev", ImagePullPolicy: corev1.PullNever,
					Args: []string{"--port=8080"},
					ReadinessProbe: &corev1.Probe{
						PeriodSeconds: 1,
						ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}},
					},
				}}},
			},
		}},
		&corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
			Selector: labels,
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromInt32(8080)}},
		}},
	}
}

// Hook returns a webhook of a type that the load tester of a namespace answers on a path.
func Hook(namespace string, t flaggerv1.HookType, path string, metadata map[string]string) flaggerv1.CanaryWebhook {
	return flaggerv1.CanaryWebhook{
		Name: string(t) + path, Type: t, URL: "http://" + LoadTester + "." + namespace + path, Timeout: "10s", Metadata: metadata,
	}
}

// AwaitDeployment waits until the pods of a Deployment are ready.
func (c *Cluster) AwaitDeployment(ctx context.Context, namespace, name string) error {
	return c.poll(ctx, fmt.Sprintf("Deployment %s/%s to be ready", namespace, name), func() (bool, error) {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		err := c.Read(ctx, d)
		return d.Status.ObservedGeneration == d.Generation && d.Status.ReadyReplicas == Replicas(d), err
	})
}
