package apiserver

import (
	"context"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// playDaemonSets does what the DaemonSet controller and the kubelet of a single node without labels
// do: every DaemonSet that asks for no other node has its pod ready at once.
func playDaemonSets(ctx context.Context, c client.WithWatch) {
	for ctx.Err() == nil {
		w, err := c.Watch(ctx, &appsv1.DaemonSetList{})
		if err != nil {
			return // the API server is gone, and the tests with it
		}
		for event := range w.ResultChan() {
			if d, ok := event.Object.(*appsv1.DaemonSet); ok {
				// A conflict brings the DaemonSet here again.
				_ = sayPlaced(ctx, c, d)
			}
		}
	}
}

func sayPlaced(ctx context.Context, c client.Client, d *appsv1.DaemonSet) error {
	nodes := int32(0)
	if len(d.Spec.Template.Spec.NodeSelector) == 0 {
		nodes = 1
	}
	is := appsv1.DaemonSetStatus{
		ObservedGeneration:     d.Generation,
		DesiredNumberScheduled: nodes, CurrentNumberScheduled: nodes, UpdatedNumberScheduled: nodes,
		NumberReady: nodes, NumberAvailable: nodes,
	}
	if d.Status.ObservedGeneration == is.ObservedGeneration && d.Status.NumberReady == is.NumberReady {
		return nil
	}
	d.Status = is
	return c.Status().Update(ctx, d)
}

func daemonSet(namespace string) *appsv1.DaemonSet {
	return &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
}

func ofDaemonSet(c *flaggerv1.Canary) { c.Spec.TargetRef.Kind = "DaemonSet" }

// A DaemonSet is at rest on no node, by a node selector that is no part of its revision.
func TestADaemonSetIsPromoted(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.PodinfoDaemonSet(namespace, "6.0.0"), framework.NewCanary(namespace, ofDaemonSet, framework.Steps(50)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	awaitNodes(t, namespace, framework.App, "on no node", 0)
	awaitNodes(t, namespace, "podinfo-primary", "on the node", 1)

	mark := l.mark()
	update(t, daemonSet(namespace), func(d *appsv1.DaemonSet) { d.Spec.Template.Spec.Containers[0].Image = framework.Image("6.0.1") })
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitNodes(t, namespace, framework.App, "on no node", 0)
	primary := awaitNodes(t, namespace, "podinfo-primary", "on the node", 1)
	if image := primary.Spec.Template.Spec.Containers[0].Image; image != framework.Image("6.0.1") {
		t.Errorf("the primary runs %s after the promotion", image)
	}
	l.settle(t, 0)
	if n := l.told(mark, "NewRevision"); n != 1 {
		t.Errorf("%d releases of one new version, want 1", n)
	}
}

func awaitNodes(t *testing.T, namespace, name, what string, nodes int32) *appsv1.DaemonSet {
	t.Helper()
	return await(t, &appsv1.DaemonSetList{}, namespace, name, what, func(d *appsv1.DaemonSet) bool {
		return d.Status.ObservedGeneration == d.Generation && d.Status.NumberReady == nodes
	})
}
