package apiserver

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// wrongWorlds do not fit what the cluster holds.
var wrongWorlds = map[string]wrong{
	"a target that is not there": {manifest: "target-not-there.yaml", says: "nobody: target not found", correct: makes(deployment("nobody"))},
	"a target that another Canary has": {
		manifest: "target-shared.yaml", canary: "podinfo-again", says: "already released by Canary podinfo",
		correct: func(t *testing.T, namespace string) {
			create(t, deployment("other")(namespace))
			c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "podinfo-again"}}
			update(t, c, func(c *flaggerv1.Canary) { c.Spec.TargetRef.Name = "other" })
		},
	},
	"a target that a suspended Canary has": {
		world: func(t *testing.T, namespace string) {
			plainApplication(t, namespace)
			create(t, framework.NewCanary(namespace, func(c *flaggerv1.Canary) { c.Name, c.Spec.Suspend = "first", true }))
		},
		says: "already released by Canary first", correct: removes(&flaggerv1.Canary{ObjectMeta: named("first")}),
	},
	"pods that cannot be told apart": {
		manifest: "target-without-selector-label.yaml", says: "cannot be told apart",
		world:   func(*testing.T, string) {},
		correct: replaceTarget,
	},
	"a label that leaves no room": {
		world: func(t *testing.T, namespace string) {
			labels := map[string]string{"app": strings.Repeat("a", 60)}
			create(t, framework.Podinfo(namespace, "6.0.0", func(d *appsv1.Deployment) {
				d.Spec.Selector.MatchLabels, d.Spec.Template.Labels = labels, labels
			}))
		},
		says: "longer than the 63 characters", correct: replaceTarget,
	},
	"a service name that another Canary has": {
		world: func(t *testing.T, namespace string) {
			create(t, deployment(framework.App)(namespace), deployment("other")(namespace))
			first := framework.NewCanary(namespace, func(c *flaggerv1.Canary) {
				c.Name, c.Spec.TargetRef.Name, c.Spec.Service.Name = "other", "other", "shop"
			})
			create(t, first)
			await(t, &flaggerv1.CanaryList{}, namespace, "other", "initialised", func(c *flaggerv1.Canary) bool {
				return c.Status.Phase == flaggerv1.PhaseInitialized
			})
		},
		edit: func(c *flaggerv1.Canary) { c.Spec.Service.Name = "shop" },
		says: "it belongs to Canary other",
	},
	"a primary that belongs to somebody": {
		world: taken(func(namespace string) client.Object { return deployment("podinfo-primary")(namespace) }),
		says:  "Deployment podinfo-primary belongs to", correct: removes(&appsv1.Deployment{ObjectMeta: named("podinfo-primary")}),
	},
	"a primary with pods of another name": {
		world: func(t *testing.T, namespace string) {
			other := deployment("other")(namespace)
			other.SetName("podinfo-primary")
			create(t, deployment(framework.App)(namespace), other)
		},
		says: "Deployment podinfo-primary selects its pods by", correct: removes(&appsv1.Deployment{ObjectMeta: named("podinfo-primary")}),
	},
	"a ConfigMap that is not there": {
		world: makes(func(namespace string) client.Object { return framework.Podinfo(namespace, "6.0.0", readingSettings) }),
		says:  "settings", correct: makes(func(namespace string) client.Object { return settings(namespace, "settings", "green") }),
	},
	"a Secret that is not there": {
		world: makes(func(namespace string) client.Object { return framework.Podinfo(namespace, "6.0.0", mountingPassword) }),
		says:  "password", correct: makes(func(namespace string) client.Object {
			return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "password"}}
		}),
	},
	"a copy whose name is taken": {
		world: func(t *testing.T, namespace string) {
			create(t, settings(namespace, "settings", "green"), settings(namespace, "settings-primary", "blue"),
				framework.Podinfo(namespace, "6.0.0", readingSettings))
		},
		says: "ConfigMap settings-primary exists", correct: removes(&corev1.ConfigMap{ObjectMeta: named("settings-primary")}),
	},
	"an autoscaler that is not there": {manifest: "autoscaler-not-there.yaml", says: "nobody, which autoscalerRef names", correct: makes(autoscaler("nobody"))},
	"an autoscaler whose copy belongs to somebody": {
		world: func(t *testing.T, namespace string) {
			create(t, autoscaler(framework.App)(namespace))
			taken(autoscaler("podinfo-primary"))(t, namespace)
		},
		edit:    scaledBy("HorizontalPodAutoscaler", "autoscaling/v2"),
		says:    "HorizontalPodAutoscaler podinfo-primary belongs to",
		correct: removes(&autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("podinfo-primary")}),
	},
	"an autoscaler of a kind that the cluster has not": {
		edit: scaledBy("ScaledObject", "keda.sh/v1alpha1"),
		says: "this cluster knows no such kind: install its definition",
	},
	"an autoscaler of a DaemonSet": {
		world: makes(func(namespace string) client.Object { return framework.PodinfoDaemonSet(namespace, "6.0.0") }),
		edit: func(c *flaggerv1.Canary) {
			ofDaemonSet(c)
			scaledBy("HorizontalPodAutoscaler", "autoscaling/v2")(c)
		},
		says:    "a DaemonSet has no replicas to scale",
		correct: func(t *testing.T, namespace string) { plainApplication(t, namespace); goodSpec(t, namespace) },
	},
	"a DaemonSet whose pods others replace": {
		world: makes(func(namespace string) client.Object {
			d := framework.PodinfoDaemonSet(namespace, "6.0.0")
			d.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
			return d
		}),
		edit: ofDaemonSet,
		says: "has the update strategy OnDelete",
		correct: func(t *testing.T, namespace string) {
			update(t, daemonSet(namespace), func(d *appsv1.DaemonSet) {
				d.Spec.UpdateStrategy.Type = appsv1.RollingUpdateDaemonSetStrategyType
			})
		},
	},
	"a Service that selects nothing": {
		world: makes(func(namespace string) client.Object {
			svc := framework.OwnService(namespace)
			svc.Spec.Selector = nil
			return svc
		}),
		edit: func(c *flaggerv1.Canary) {
			c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "v1", Kind: "Service", Name: framework.App}
		},
		says:    "Service podinfo selects no pods",
		correct: func(t *testing.T, namespace string) { plainApplication(t, namespace); goodSpec(t, namespace) },
	},
	"a template that is not there": {manifest: "template-not-there.yaml", says: "nobody", correct: makes(func(namespace string) client.Object {
		return &flaggerv1.MetricTemplate{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "nobody"},
			Spec:       flaggerv1.MetricTemplateSpec{Provider: flaggerv1.MetricProvider{Type: "prometheus", Address: "http://127.0.0.1:9"}, Query: "vector(1)"},
		}
	})},
}

// scaledBy names an autoscaler that is called like the application.
func scaledBy(kind, apiVersion string) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) {
		c.Spec.AutoscalerRef = &flaggerv1.AutoscalerReference{APIVersion: apiVersion, Kind: kind, Name: framework.App}
	}
}

func named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

// deployment returns an application of another name, with pods of its own.
func deployment(name string) func(namespace string) client.Object {
	return func(namespace string) client.Object {
		return framework.Podinfo(namespace, "6.0.0", func(d *appsv1.Deployment) {
			labels := map[string]string{"app": name}
			d.Name, d.Labels, d.Spec.Selector.MatchLabels, d.Spec.Template.Labels = name, labels, labels, labels
		})
	}
}

// taken makes the application, and something else that belongs to an object that is none of ours.
func taken(build func(namespace string) client.Object) func(*testing.T, string) {
	return func(t *testing.T, namespace string) {
		t.Helper()
		o := build(namespace)
		o.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: "Shop", Name: "shop", UID: "1", Controller: new(true)}})
		create(t, framework.Podinfo(namespace, "6.0.0"), o)
	}
}

// replaceTarget deletes the application and makes it anew: selectors cannot be changed.
func replaceTarget(t *testing.T, namespace string) {
	t.Helper()
	removes(&appsv1.Deployment{ObjectMeta: named(framework.App)})(t, namespace)
	plainApplication(t, namespace)
}

func settings(namespace, name, colour string) client.Object {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{"COLOUR": colour}}
}

func mountingPassword(d *appsv1.Deployment) {
	d.Spec.Template.Spec.Volumes = []corev1.Volume{{
		Name: "password", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "password"}},
	}}
}

func autoscaler(name string) func(namespace string) client.Object {
	return func(namespace string) client.Object {
		return &autoscalingv2.HorizontalPodAutoscaler{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: framework.App},
				MaxReplicas:    4,
			},
		}
	}
}
