package framework

import (
	"context"
	"net"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Pods remembers which pod had which address, also after it is gone.
type Pods struct {
	mu        sync.Mutex
	byAddress map[string]pod
	alive     map[string]*corev1.Pod
}

type pod struct{ name, version string }

// WatchPods learns the addresses of the application's pods in a namespace until ctx ends.
func (c *Cluster) WatchPods(ctx context.Context, namespace string) *Pods {
	p := &Pods{byAddress: map[string]pod{}, alive: map[string]*corev1.Pod{}}
	go c.watchEach(ctx, &corev1.PodList{}, p.saw, client.InNamespace(namespace))
	return p
}

func (p *Pods) saw(kind watch.EventType, o client.Object) {
	seen := o.(*corev1.Pod)
	p.mu.Lock()
	defer p.mu.Unlock()
	if kind == watch.Deleted {
		delete(p.alive, seen.Name)
		return
	}
	p.alive[seen.Name] = seen
	if seen.Status.PodIP == "" {
		return
	}
	for _, container := range seen.Spec.Containers {
		if container.Name == App {
			p.byAddress[seen.Status.PodIP] = pod{seen.Name, VersionOf(container.Image)}
		}
	}
}

// Who returns the pod at an address, host:port, and its version. Both are empty for
// an address that no pod had.
func (p *Pods) Who(peer string) (name, version string) {
	host, _, err := net.SplitHostPort(peer)
	if err != nil {
		return "", ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byAddress[host]
	return found.name, found.version
}

// Alive returns the pods that exist.
func (p *Pods) Alive() []*corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pods []*corev1.Pod
	for _, seen := range p.alive {
		pods = append(pods, seen)
	}
	return pods
}
