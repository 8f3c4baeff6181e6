package framework

import (
	"context"
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// App is the name of the application in every namespace of the tests.
const App = "podinfo"

// port is podinfo's.
const port = 9898

// Image returns the image of a podinfo version of the lab.
func Image(version string) string { return "lab.local/podinfo:" + version }

// VersionOf returns the version that podinfo of an image tells of itself: what stands before
// a "-" in the tag is the version, what follows is the fault it has.
func VersionOf(image string) string {
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	version, _, _ := strings.Cut(tag, "-")
	return version
}

// Podinfo returns a Deployment of the application: two replicas, ready soon after their start.
//
// It has no preStop hook. Pods still serve for 3 s after they were told to stop;
// [WithoutGrace] takes that away as well.
func Podinfo(namespace, version string, edits ...func(*appsv1.Deployment)) *appsv1.Deployment {
	labels := func() map[string]string { return map[string]string{"app": App} }
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App, Labels: labels()},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)),
			Selector: &metav1.LabelSelector{MatchLabels: labels()},
			Strategy: appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{
				MaxUnavailable: new(intstr.FromInt32(0)),
				MaxSurge:       new(intstr.FromInt32(2)),
			}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels(), Annotations: map[string]string{
					"sidecar.istio.io/proxyCPU":    "10m",
					"sidecar.istio.io/proxyMemory": "64Mi",
				}},
				Spec: corev1.PodSpec{Containers: []corev1.Container{container(version)}},
			},
		},
	}
	for _, edit := range edits {
		edit(deployment)
	}
	return deployment
}

func container(version string) corev1.Container {
	return corev1.Container{
		Name:            App,
		Image:           Image(version),
		ImagePullPolicy: corev1.PullNever,
		Ports:           []corev1.ContainerPort{{Name: "http", ContainerPort: port}},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromString("http")}},
			PeriodSeconds:    1,
			TimeoutSeconds:   5,
			FailureThreshold: 3,
		},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("10m"),
			corev1.ResourceMemory: resource.MustParse("16Mi"),
		}},
	}
}

// WithoutGrace makes podinfo stop serving the moment it is told to, as an
// application does that nobody prepared for Kubernetes.
func WithoutGrace(d *appsv1.Deployment) {
	c := &d.Spec.Template.Spec.Containers[0]
	// podinfo waits before it stops unless its log level is debug.
	c.Env = append(c.Env, corev1.EnvVar{Name: "PODINFO_LEVEL", Value: "debug"})
}

// Ship gives the application a new version, as a user does who sets the image.
func (c *Cluster) Ship(ctx context.Context, namespace, version string) error {
	return c.shipTo(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: App}}, version)
}

func (c *Cluster) shipTo(ctx context.Context, target client.Object, version string) error {
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":%q}]}}}}`, App, Image(version))
	if err := c.Patch(ctx, target, client.RawPatch("application/strategic-merge-patch+json", []byte(patch))); err != nil {
		return fmt.Errorf("ship %s in namespace %s: %w", version, target.GetNamespace(), err)
	}
	return nil
}
