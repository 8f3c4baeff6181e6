package workload

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// podOwner is an object that runs pods of one template. Everything in which a DaemonSet differs from
// a Deployment is in its methods.
type podOwner interface {
	metav1.Object
	kind() string
	// object is what clients read into and write.
	object() client.Object
	copyOf() podOwner
	// sameSpec reports whether nothing that this package writes to the spec differs.
	sameSpec(podOwner) bool

	// template is the pod template as its author wrote it, not to be changed.
	template() *corev1.PodTemplateSpec
	selector() *metav1.LabelSelector
	// become makes it run the template, and roll its pods the way that source does.
	become(template corev1.PodTemplateSpec, source podOwner)
	setSelector(*metav1.LabelSelector)

	// size is the number of pods that are wanted.
	size() int32
	resize(n int32)
	// refusal says why it cannot be a target, nil when it can.
	refusal() error

	outlook(p patience) outlook
	// currentPods returns the pods of the current template, none while that is not known yet.
	currentPods(ctx context.Context, r client.Reader) ([]corev1.Pod, error)
}

// outlook is what a podOwner's own status says of its pods.
type outlook struct {
	state  rollout.Readiness
	reason string
	// ready and available pods, of whatever template.
	ready, available int32
	// moving is set while pods are on their way, so that a look at them tells more.
	moving bool
	// complaint is what stands in the way of new pods, if anything.
	complaint string
	// expired is set when its controller's own deadline has passed, for the reason in verdict.
	expired bool
	verdict string
	// failing is from when it has been short of pods, and moved when it was last seen to get on; zero
	// where the status does not tell.
	failing, moved time.Time
	// counts changes with every progress.
	counts string
}

// newPodOwner returns an empty object of a kind that runs pods.
func newPodOwner(kind string) podOwner {
	if kind == daemonSetKind {
		return emptyDaemonSet()
	}
	return emptyDeployment()
}

// findPodOwner reads one, and returns nil when it does not exist.
func findPodOwner(ctx context.Context, r client.Reader, kind string, key types.NamespacedName) (podOwner, error) {
	w := newPodOwner(kind)
	if err := r.Get(ctx, key, w.object()); apierrors.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("get %s %s: %w", kind, key, err)
	}
	return w, nil
}
