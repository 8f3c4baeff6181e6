package apiserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// pause is the annotation by which KEDA leaves a workload at a number of replicas.
const pause = "autoscaling.keda.sh/paused-replicas"

// The target's ScaledObject is paused while the target is at rest, and the primary's never is.
func TestAScaledObjectRestsWithItsTarget(t *testing.T) {
	t.Parallel()
	installKEDA(t)
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), scaledObject(namespace), framework.NewCanary(namespace, framework.Steps(50), scaledByKEDA))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	awaitPause(t, namespace, "0")
	checkPrimaryScaledObject(t, namespace)
	checkOrder(t, writes(l.since(0)), "scaledobjects", "deployments")

	mark := l.mark()
	ship(t, namespace, "6.0.1")
	awaitPause(t, namespace, "")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitPause(t, namespace, "0")
	checkPrimaryScaledObject(t, namespace)
	checkOrder(t, writes(l.since(mark)), "scaledobjects", "deployments")
	for _, e := range l.written(0, "scaledobjects", "podinfo-primary") {
		if strings.Contains(string(e.body), "keda.sh/paused") {
			t.Errorf("the primary's ScaledObject is paused:\n%s", e.body)
		}
	}
}

// installKEDA defines ScaledObjects for the rest of the run. They are not taken away again under
// the controllers of other tests.
func installKEDA(t *testing.T) {
	t.Helper()
	if err := install(t.Context(), "testdata/keda-crds.yaml"); err != nil {
		t.Fatal(err)
	}
}

// removeKEDA takes away what an earlier run in the same lab has left.
func removeKEDA(t *testing.T) {
	t.Helper()
	m, err := readManifest("testdata/keda-crds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	definition := m.objects[0]
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for err = cluster.Delete(t.Context(), definition); !apierrors.IsNotFound(err); err = cluster.Get(t.Context(), client.ObjectKeyFromObject(definition), definition) {
		if err != nil {
			t.Fatalf("remove the definition of ScaledObjects: %v", err)
		}
		<-again.C
	}
}

func scaledByKEDA(c *flaggerv1.Canary) {
	scaledBy("ScaledObject", "keda.sh/v1alpha1")(c)
	c.Spec.AutoscalerRef.PrimaryScalerQueries = map[string]string{"queue": "sum(queue_depth)"}
	c.Spec.AutoscalerRef.PrimaryScalerReplicas = &flaggerv1.ScalerReplicas{MinReplicas: new(int32(2)), MaxReplicas: new(int32(8))}
}

func scaledObject(namespace string) *unstructured.Unstructured {
	so := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"scaleTargetRef":  map[string]any{"name": framework.App},
		"minReplicaCount": int64(1),
		"maxReplicaCount": int64(5),
		"pollingInterval": int64(15),
		"advanced":        map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"name": "keda-podinfo"}},
		"triggers": []any{
			map[string]any{"type": "prometheus", "name": "load", "metadata": map[string]any{
				"serverAddress": "http://prometheus:9090", "threshold": "5", "query": `sum(rate(http_requests{app="podinfo"}[1m]))`,
			}},
			map[string]any{"type": "prometheus", "name": "queue", "metadata": map[string]any{
				"serverAddress": "http://prometheus:9090", "threshold": "9", "query": `sum(queue_depth{app="podinfo"})`,
			}},
		},
	}}}
	so.SetAPIVersion("keda.sh/v1alpha1")
	so.SetKind("ScaledObject")
	so.SetNamespace(namespace)
	so.SetName(framework.App)
	return so
}

func scaledObjects() *unstructured.UnstructuredList {
	list := &unstructured.UnstructuredList{}
	list.SetAPIVersion("keda.sh/v1alpha1")
	list.SetKind("ScaledObjectList")
	return list
}

// awaitPause waits for the target's ScaledObject to be paused at a number of replicas, or, when that is
// empty, not to be paused.
func awaitPause(t *testing.T, namespace, at string) {
	t.Helper()
	await(t, scaledObjects(), namespace, framework.App, "paused at "+at, func(so *unstructured.Unstructured) bool {
		return so.GetAnnotations()[pause] == at
	})
}

func checkPrimaryScaledObject(t *testing.T, namespace string) {
	t.Helper()
	so := await(t, scaledObjects(), namespace, "podinfo-primary", "there", func(*unstructured.Unstructured) bool { return true })
	want := scaledObject(namespace).Object["spec"].(map[string]any)
	want["scaleTargetRef"] = map[string]any{"name": "podinfo-primary"}
	want["minReplicaCount"], want["maxReplicaCount"] = int64(2), int64(8)
	want["advanced"] = map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"name": "keda-podinfo-primary"}}
	for i, query := range []string{`sum(rate(http_requests{app="podinfo-primary"}[1m]))`, "sum(queue_depth)"} {
		want["triggers"].([]any)[i].(map[string]any)["metadata"].(map[string]any)["query"] = query
	}
	if diff := cmp.Diff(want, so.Object["spec"]); diff != "" {
		t.Errorf("the primary's ScaledObject (-want +got):\n%s", diff)
	}
	if at, paused := so.GetAnnotations()[pause]; paused {
		t.Errorf("the primary's ScaledObject is paused at %s", at)
	}
}

// checkOrder checks that the target's object of one resource was written before that of another.
func checkOrder(t *testing.T, written []entry, first, second string) {
	t.Helper()
	for _, e := range written {
		if e.Name != framework.App {
			continue
		}
		switch e.Resource {
		case first:
			return
		case second:
			t.Errorf("%s was written before %s:\n%s", second, first, listed(written))
			return
		}
	}
	t.Errorf("neither %s nor %s was written", first, second)
}
