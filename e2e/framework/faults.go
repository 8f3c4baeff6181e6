package framework

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Controller is the name of Linnet's Deployment, of its program and of the value of its name label.
const Controller = "linnet"

// KillController ends Linnet's process with SIGKILL: no lease is given back, nothing
// is finished. Then it deletes the dead pod, so that a new one comes up at once instead of after the
// kubelet's back-off, which grows with each kill, and waits until that one is ready.
func (c *Cluster) KillController(ctx context.Context) error {
	pods := &corev1.PodList{}
	if err := c.List(ctx, pods, controllerPods...); err != nil {
		return fmt.Errorf("list Linnet's pods: %w", err)
	}
	killed := map[types.UID]bool{}
	for i := range pods.Items {
		p := &pods.Items[i]
		pid, err := process{proc: "/proc"}.of(string(p.UID), Controller)
		if err != nil {
			continue // a pod that is starting or ending
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill Linnet's process %d: %w", pid, err)
		}
		killed[p.UID] = true
		if err := c.Delete(ctx, p, client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete the pod of the killed Linnet: %w", err)
		}
	}
	if len(killed) == 0 {
		return fmt.Errorf("kill Linnet: none of its %d pods has a running process", len(pods.Items))
	}
	return c.awaitOther(ctx, killed)
}

var controllerPods = []client.ListOption{
	client.InNamespace(SystemNamespace), client.MatchingLabels{"app.kubernetes.io/name": Controller},
}

// awaitOther waits for a ready pod of Linnet that is not one of these.
func (c *Cluster) awaitOther(ctx context.Context, these map[types.UID]bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	found := make(chan struct{})
	var once sync.Once
	go c.watchEach(ctx, &corev1.PodList{}, func(kind watch.EventType, o client.Object) {
		if p := o.(*corev1.Pod); kind != watch.Deleted && !these[p.UID] && isReady(p) {
			once.Do(func() { close(found) })
		}
	}, controllerPods...)
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for a new pod of Linnet to be ready: %w", ctx.Err())
	case <-found:
		return nil
	}
}

func isReady(p *corev1.Pod) bool {
	for _, condition := range p.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// AwaitController waits until Linnet's Deployment is complete.
func (c *Cluster) AwaitController(ctx context.Context) error {
	return c.awaitDeployment(ctx, Controller, "be complete", func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas == Replicas(d) &&
			d.Status.AvailableReplicas == Replicas(d) && d.Status.Replicas == Replicas(d)
	})
}

// StopMeshControl takes istiod away: proxies keep their last configuration and get no other.
func (c *Cluster) StopMeshControl(ctx context.Context) error {
	if err := c.scale(ctx, "istiod", 0); err != nil {
		return err
	}
	return c.awaitDeployment(ctx, "istiod", "have no pods", func(d *appsv1.Deployment) bool {
		return d.Status.ObservedGeneration == d.Generation && d.Status.Replicas == 0
	})
}

// StartMeshControl brings istiod back and waits until it is ready.
func (c *Cluster) StartMeshControl(ctx context.Context) error {
	if err := c.scale(ctx, "istiod", 1); err != nil {
		return err
	}
	return c.awaitDeployment(ctx, "istiod", "be ready", func(d *appsv1.Deployment) bool { return d.Status.ReadyReplicas == 1 })
}

func (c *Cluster) scale(ctx context.Context, name string, replicas int32) error {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: SystemNamespace, Name: name}}
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas))
	if err := c.Patch(ctx, d, patch); err != nil {
		return fmt.Errorf("scale %s to %d: %w", name, replicas, err)
	}
	return nil
}

// awaitDeployment waits for a state of a Deployment in the system namespace.
func (c *Cluster) awaitDeployment(ctx context.Context, name, state string, fits func(*appsv1.Deployment) bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	began, last := time.Now(), &appsv1.Deployment{}
	updates := make(chan *appsv1.Deployment)
	go c.watchEach(ctx, &appsv1.DeploymentList{}, func(_ watch.EventType, o client.Object) {
		select {
		case updates <- o.(*appsv1.Deployment):
		case <-ctx.Done():
		}
	}, client.InNamespace(SystemNamespace), client.MatchingFields{"metadata.name": name})
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for Deployment %s to %s: %w; last %d wanted, %+v",
				time.Since(began).Round(time.Second), name, state, ctx.Err(), ptr.Deref(last.Spec.Replicas, 1), last.Status)
		case last = <-updates:
			if fits(last) {
				return nil
			}
		}
	}
}
