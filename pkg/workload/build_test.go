package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "test", Name: name, UID: types.UID(name + "-uid")}
}

func newCanary(edits ...func(*flaggerv1.Canary)) *flaggerv1.Canary {
	c := &flaggerv1.Canary{ObjectMeta: meta("podinfo")}
	c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"}
	c.Spec.Service.Port = 9898
	for _, edit := range edits {
		edit(c)
	}
	return c
}

func scaled(c *flaggerv1.Canary) {
	c.Spec.AutoscalerRef = &flaggerv1.AutoscalerReference{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Name: "podinfo"}
}

// newTarget returns a Deployment with two replicas, as the API server returns it.
func newTarget(edits ...func(*appsv1.Deployment)) *appsv1.Deployment {
	dep := &appsv1.Deployment{
		ObjectMeta: meta("podinfo"),
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](2),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "podinfo"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "podinfo"}},
				Spec: corev1.PodSpec{
					Containers: []corev1.Container{{
						Name: "podinfod", Image: "podinfo:1", ImagePullPolicy: corev1.PullIfNotPresent,
						TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
						Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 9898, Protocol: corev1.ProtocolTCP}},
					}},
					RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst,
					SchedulerName: "default-scheduler", SecurityContext: &corev1.PodSecurityContext{},
					TerminationGracePeriodSeconds: ptr.To[int64](30),
				},
			},
			Strategy:                appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType},
			RevisionHistoryLimit:    ptr.To[int32](10),
			ProgressDeadlineSeconds: ptr.To[int32](600),
		},
	}
	for _, edit := range edits {
		edit(dep)
	}
	return dep
}

func podSpec(change func(*corev1.PodSpec)) func(*appsv1.Deployment) {
	return func(dep *appsv1.Deployment) { change(&dep.Spec.Template.Spec) }
}

func container(change func(*corev1.Container)) func(*appsv1.Deployment) {
	return func(dep *appsv1.Deployment) { change(&dep.Spec.Template.Spec.Containers[0]) }
}

func image(name string) func(*appsv1.Deployment) {
	return container(func(c *corev1.Container) { c.Image = name })
}

func size(n int32) func(*appsv1.Deployment) {
	return func(dep *appsv1.Deployment) { dep.Spec.Replicas = new(n) }
}

// configured makes the target read ConfigMap settings from a volume and Secret token from its environment.
func configured(dep *appsv1.Deployment) {
	spec := &dep.Spec.Template.Spec
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "settings", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, DefaultMode: ptr.To[int32](420)},
	}})
	spec.Containers[0].EnvFrom = append(spec.Containers[0].EnvFrom, corev1.EnvFromSource{
		SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "token"}},
	})
}

func newConfigMap(name, value string, edits ...func(*corev1.ConfigMap)) *corev1.ConfigMap {
	cm := &corev1.ConfigMap{ObjectMeta: meta(name), Data: map[string]string{"key": value}}
	for _, edit := range edits {
		edit(cm)
	}
	return cm
}

func newSecret(name, value string, edits ...func(*corev1.Secret)) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: meta(name), Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"key": []byte(value)}}
	for _, edit := range edits {
		edit(s)
	}
	return s
}

func newHPA(least, most int32) *autoscalingv2.HorizontalPodAutoscaler {
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: meta("podinfo"),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"},
			MinReplicas:    new(least),
			MaxReplicas:    most,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{
					Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](80),
				}},
			}},
		},
	}
}
