package workload

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	c.SecurityContext = &corev1.SecurityContext{RunAsUser: ptr.To[int64](1000650000), ReadOnlyRootFilesystem: new(true)}
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
  containers:
  - &container
    name: podinfod
    image: registry:5000/podinfo
    ports: [{containerPort: 9898}]
    env:
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: KEY, valueFrom: {fileKeyRef: {volumeName: a, path: b, key: c}}}
    livenessProbe: &probe {httpGet: {port: 9898}, grpc: {port: 9999}}
    readinessProbe: *probe
    startupProbe: *probe
    lifecycle: {preStop: {httpGet: {port: 9898}}, postStart: {httpGet: {port: 9898}}}
    securityContext: {}
  initContainers:
  - *container
  volumes:
  - {name: empty}
  - {name: config, configMap: {name: a}}
  - {name: secret, secret: {secretName: a}}
  - {name: down, downwardAPI: {items: &items [{path: a, fieldRef: {fieldPath: metadata.name}}, {path: b, resourceFieldRef: {resource: limits.cpu}}]}}
  - {name: projected, projected: {sources: [{serviceAccountToken: {path: a}}, {downwardAPI: {items: *items}}]}}
  - {name: host, hostPath: {path: /a}}
  - {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}}
  - {name: image, image: {reference: "a:latest"}}
  - {name: iscsi, iscsi: {targetPortal: a, iqn: b, lun: 0}}
  - {name: rbd, rbd: {monitors: [a], image: b}}
  - {name: azure, azureDisk: {diskName: a, diskURI: b}}
  - {name: scale, scaleIO: {gateway: a, system: b, secretRef: {name: c}}}
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
  containers:
  - &container
    name: podinfod
    image: registry:5000/podinfo
    imagePullPolicy: Always
    resources: {}
    terminationMessagePath: /dev/termination-log
    terminationMessagePolicy: File
    ports: [{containerPort: 9898, hostPort: 9898, protocol: TCP}]
    env:
    - {name: POD, valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: "0"}}}
    - {name: KEY, valueFrom: {fileKeyRef: {volumeName: a, path: b, key: c, optional: false}}}
    livenessProbe: &probe {httpGet: {port: 9898, path: /, scheme: HTTP}, grpc: {port: 9999, service: ""}, timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3}
    readinessProbe: *probe
    startupProbe: *probe
    lifecycle: {preStop: {httpGet: {port: 9898, path: /, scheme: HTTP}}, postStart: {httpGet: {port: 9898, path: /, scheme: HTTP}}}
    securityContext: {procMount: Default}
  initContainers:
  - *container
  volumes:
  - {name: empty, emptyDir: {}}
  - {name: config, configMap: {name: a, defaultMode: 420}}
  - {name: secret, secret: {secretName: a, defaultMode: 420}}
  - {name: down, downwardAPI: {defaultMode: 420, items: &items [{path: a, fieldRef: {apiVersion: v1, fieldPath: metadata.name}}, {path: b, resourceFieldRef: {resource: limits.cpu, divisor: "0"}}]}}
  - {name: projected, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: a, expirationSeconds: 3600}}, {downwardAPI: {items: *items}}]}}
  - {name: host, hostPath: {path: /a, type: ""}}
  - {name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {}, spec: {accessModes: [ReadWriteOnce], volumeMode: Filesystem, resources: {}}}}}
  - {name: image, image: {reference: "a:latest", pullPolicy: Always}}
  - {name: iscsi, iscsi: {targetPortal: a, iqn: b, lun: 0, iscsiInterface: default}}
  - {name: rbd, rbd: {monitors: [a], image: b, pool: rbd, user: admin, keyring: /etc/ceph/keyring}}
  - {name: azure, azureDisk: {diskName: a, diskURI: b, cachingMode: ReadWrite, fsType: ext4, kind: Shared, readOnly: false}}
  - {name: scale, scaleIO: {gateway: a, system: b, secretRef: {name: c}, storageMode: ThinProvisioned, fsType: xfs}}
`

func TestServerDefaultsAreNotPartOfTheRevision(t *testing.T) {
	written, served := templateTree(t, asWritten), templateTree(t, asServed)
	dropAll(written, serverDefaults)
	dropAll(served, serverDefaults)
	if diff := cmp.Diff(written, served); diff != "" {
		t.Errorf("defaults are left (-written +served):\n%s", diff)
	}
}

func TestEveryServerDefaultIsShownAbove(t *testing.T) {
	written := templateTree(t, asWritten)
	dropAll(written, serverDefaults)
	for i, d := range serverDefaults {
		served := templateTree(t, asServed)
		dropAll(served, slices.Delete(slices.Clone(serverDefaults), i, i+1))
		if cmp.Equal(written, served) {
			t.Errorf("asServed does not show the default of %s", d.path)
		}
	}
}

// templateTree decodes a template without going through Go types, as a server may send it.
func templateTree(t *testing.T, text string) map[string]any {
	t.Helper()
	var tree map[string]any
	mustDo(t, yaml.Unmarshal([]byte(text), &tree))
	return tree
}

func dropAll(tree map[string]any, defaults []pathDefault) {
	dropNulls(tree)
	dropDefaults(tree, defaults)
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
