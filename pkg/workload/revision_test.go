package workload

import (
	"fmt"
	"reflect"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

func revisionOf(t *testing.T, edits ...func(*appsv1.Deployment)) string {
	t.Helper()
	got, err := revision(&newTarget(edits...).Spec.Template, nil)
	mustDo(t, err)
	return got
}

// TestRevisionStaysTheSameAcrossReleases holds revisions that are in the statuses of users. When it
// fails, upgrading Linnet would start a release of every application.
func TestRevisionStaysTheSameAcrossReleases(t *testing.T) {
	tests := map[string]struct {
		edits   []func(*appsv1.Deployment)
		configs map[string]string
		want    string
	}{
		"a small template":                    {want: "77a1f922e38d9a89"},
		"a small template with configuration": {configs: map[string]string{"configmap/a": "0123456789abcdef", "secret/b": "fedcba9876543210"}, want: "a3bee901c2a2067d"},
		"a template that uses every corner":   {edits: []func(*appsv1.Deployment){cornered}, want: "d2346962c15fc316"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := revision(&newTarget(tc.edits...).Spec.Template, tc.configs)
			mustDo(t, err)
			if got != tc.want {
				t.Errorf("revision() = %s, want %s", got, tc.want)
			}
		})
	}
}

// cornered uses what a template can hold beyond the ordinary.
func cornered(dep *appsv1.Deployment) {
	dep.Spec.Template.Annotations = map[string]string{"prometheus.io/scrape": "true"}
	spec := &dep.Spec.Template.Spec
	spec.ServiceAccountName, spec.DeprecatedServiceAccount = "podinfo", "podinfo"
	spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: corev1.ScheduleAnyway, LabelSelector: &metav1.LabelSelector{},
	}}
	spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	c := &spec.Containers[0]
	c.Resources = corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}}
	c.ReadinessProbe = &corev1.Probe{
		ProbeHandler:   corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP}},
		TimeoutSeconds: 1, PeriodSeconds: 10, SuccessThreshold: 1, FailureThreshold: 3,
	}
	c.Lifecycle = &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: 5}}}
	c.SecurityContext = &corev1.SecurityContext{RunAsUser: ptr.To[int64](1000650000), ReadOnlyRootFilesystem: ptr.To(true)}
}

func TestRevisionMovesWithTheTemplate(t *testing.T) {
	before := revisionOf(t)
	tests := map[string]func(*appsv1.Deployment){
		"another image":       image("podinfo:2"),
		"another pull policy": container(func(c *corev1.Container) { c.ImagePullPolicy = corev1.PullAlways }),
		"a label of the pods": func(dep *appsv1.Deployment) { dep.Spec.Template.Labels["tier"] = "front" },
		"kubectl rollout restart": func(dep *appsv1.Deployment) {
			dep.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "2026-03-01T12:00:00Z"}
		},
		"a longer grace period": podSpec(func(s *corev1.PodSpec) { s.TerminationGracePeriodSeconds = ptr.To[int64](60) }),
		"another protocol":      container(func(c *corev1.Container) { c.Ports[0].Protocol = corev1.ProtocolUDP }),
		"a topology spread over all pods": podSpec(func(s *corev1.PodSpec) {
			s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{LabelSelector: &metav1.LabelSelector{}}}
		}),
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if got := revisionOf(t, change); got == before {
				t.Errorf("revision() = %s, the same as before", got)
			}
		})
	}
}

func TestRevisionIgnoresWhatIsNotTheTemplate(t *testing.T) {
	before := revisionOf(t)
	tests := map[string]func(*appsv1.Deployment){
		"replicas":              size(7),
		"a label of the object": func(dep *appsv1.Deployment) { dep.Labels = map[string]string{"a": "b"} },
		"the strategy":          func(dep *appsv1.Deployment) { dep.Spec.Strategy.Type = appsv1.RecreateDeploymentStrategyType },
		"an empty annotation map": func(dep *appsv1.Deployment) {
			dep.Spec.Template.Annotations = map[string]string{}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			if got := revisionOf(t, change); got != before {
				t.Errorf("revision() = %s, want %s", got, before)
			}
		})
	}
}

// asWritten and asServed are one template before and after the API server filled in its defaults.
const asWritten = `
metadata: {labels: {app: podinfo}}
spec:
  serviceAccountName: podinfo
  hostNetwork: true
  initContainers:
  - {name: init, image: "registry:5000/init"}
  containers:
  - name: podinfod
    image: podinfo@sha256:0000000000000000000000000000000000000000000000000000000000000000
    ports: [{containerPort: 9898}]
    env:
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    livenessProbe: {httpGet: {port: 9898}}
    readinessProbe: {grpc: {port: 9999}}
    startupProbe: {tcpSocket: {port: 9898}}
    lifecycle: {preStop: {httpGet: {port: 9898}}}
    securityContext: {}
  volumes:
  - name: empty
  - {name: config, configMap: {name: a}}
  - {name: secret, secret: {secretName: a}}
  - {name: down, downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.name}}]}}
  - {name: projected, projected: {sources: [{serviceAccountToken: {path: a}}]}}
  - {name: host, hostPath: {path: /a}}
  - {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}}
  - {name: image, image: {reference: "a:latest"}}
`

const asServed = `
metadata: {creationTimestamp: null, labels: {app: podinfo}}
spec:
  serviceAccountName: podinfo
  serviceAccount: podinfo
  hostNetwork: true
  restartPolicy: Always
  dnsPolicy: ClusterFirst
  schedulerName: default-scheduler
  securityContext: {}
  terminationGracePeriodSeconds: 30
  initContainers:
  - {name: init, image: "registry:5000/init", imagePullPolicy: Always, resources: {}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}
  containers:
  - name: podinfod
    image: podinfo@sha256:0000000000000000000000000000000000000000000000000000000000000000
    imagePullPolicy: IfNotPresent
    resources: {}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
    ports: [{containerPort: 9898, hostPort: 9898, protocol: TCP}]
    env:
    - {name: POD, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "0"}}}
    livenessProbe: {httpGet: {port: 9898, path: /, scheme: HTTP}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}
    readinessProbe: {grpc: {port: 9999, service: ""}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}
    startupProbe: {tcpSocket: {port: 9898}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}
    lifecycle: {preStop: {httpGet: {port: 9898, path: /, scheme: HTTP}}}
    securityContext: {procMount: Default}
  volumes:
  - {name: empty, emptyDir: {}}
  - {name: config, configMap: {name: a, defaultMode: 420}}
  - {name: secret, secret: {secretName: a, defaultMode: 420}}
  - {name: down, downwardAPI: {defaultMode: 420, items: [{path: a, fieldRef: {apiVersion: v1, fieldPath: metadata.name}}]}}
  - {name: projected, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: a, expirationSeconds: 3600}}]}}
  - {name: host, hostPath: {path: /a, type: ""}}
  - {name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {creationTimestamp: null}, spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem, resources: {}}}}}
  - {name: image, image: {reference: "a:latest", pullPolicy: Always}}
`

func TestServerDefaultsAreNotPartOfTheRevision(t *testing.T) {
	trees := map[string]map[string]any{}
	for _, text := range []string{asWritten, asServed} {
		var template corev1.PodTemplateSpec
		mustDo(t, yaml.UnmarshalStrict([]byte(text), &template))
		tree, err := canonical(&template)
		mustDo(t, err)
		trees[text] = tree
	}
	if !reflect.DeepEqual(trees[asWritten], trees[asServed]) {
		t.Errorf("canonical() keeps defaults:\n%s\nwant\n%s", fmt.Sprint(trees[asServed]), fmt.Sprint(trees[asWritten]))
	}
}

func TestDefaultPullPolicy(t *testing.T) {
	tests := map[string]string{
		"podinfo":                   "Always",
		"podinfo:latest":            "Always",
		"podinfo:1":                 "IfNotPresent",
		"host:5000/podinfo":         "Always",
		"host:5000/podinfo:1":       "IfNotPresent",
		"podinfo@sha256:00":         "IfNotPresent",
		"podinfo:latest@sha256:00":  "Always",
		"host:5000/a/podinfo:1@x:0": "IfNotPresent",
	}
	for name, want := range tests {
		if got := defaultPullPolicy(name); got != want {
			t.Errorf("defaultPullPolicy(%q) = %v, want %s", name, got, want)
		}
	}
}
