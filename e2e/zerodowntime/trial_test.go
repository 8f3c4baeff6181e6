package zerodowntime

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const (
	before, after = "6.0.0", "6.0.1"
	// toHappen bounds what a trial waits for.
	toHappen = 5 * time.Minute
	// ahead and behind are how long the load runs before the update and after it. The latter covers pods
	// that still go, and makes sure of 10,000 requests at the usual rate.
	ahead, behind = 3 * time.Second, 20 * time.Second
)

// trial is one update of one application under load.
type trial struct {
	application     string
	linnet, retries bool
}

func (tr trial) String() string {
	return fmt.Sprintf("%s, %s, retries %s", tr.application, tr.by(), onOff(tr.retries))
}

func (tr trial) by() string {
	if tr.linnet {
		return "Linnet"
	}
	return "rolling update"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// stage is where a trial takes place: a namespace that nothing else is in.
type stage struct {
	*testing.T
	namespace string
	release   *framework.Follower
	pods      *framework.Pods
}

func newStage(t *testing.T, number int) *stage {
	s := &stage{T: t, namespace: fmt.Sprintf("zero-%d-%d", number, os.Getpid())}
	s.must(cluster.CreateNamespace(t.Context(), s.namespace))
	t.Cleanup(s.strike)
	s.release, s.pods = cluster.Follow(t.Context(), s.namespace), cluster.WatchPods(t.Context(), s.namespace)
	return s
}

// strike removes the namespace, and waits for it: the next trial has the machine for itself.
func (s *stage) strike() {
	if s.Failed() {
		s.Logf("at the end of the failed trial:\n%s", s.release.Report(time.Time{}))
	}
	ctx, cancel := context.WithTimeout(context.Background(), toHappen)
	defer cancel()
	if err := cluster.DeleteNamespace(ctx, s.namespace); err != nil {
		s.Error(err)
		return
	}
	if err := cluster.AwaitNamespaceGone(ctx, s.namespace); err != nil {
		s.Error(err)
	}
}

// run makes the update and returns every request that was sent meanwhile.
func (tr trial) run(s *stage) *framework.Tally {
	s.create(framework.Podinfo(s.namespace, before, edits(tr.application)...))
	if tr.linnet {
		s.create(canary(s.namespace, tr.retries))
		s.until(time.Time{}, "the Canary to be initialised", func(v framework.View) bool {
			return v.Phase() == flaggerv1.PhaseInitialized && framework.Stopped(v)
		})
	} else {
		s.create(framework.OwnService(s.namespace), ownRoute(s.namespace, tr.retries))
		s.until(time.Time{}, "the pods to be ready", framework.PodsReady(before))
	}
	s.awaitRoute()
	load := framework.StartLoad(s.Context(), s.calls(*rate, *connections))
	s.rest(ahead)
	tr.update(s)
	s.rest(behind)
	return load.Stop()
}

// update ships the new version, and waits until it is the only one.
func (tr trial) update(s *stage) {
	shipped := time.Now()
	s.must(cluster.Ship(s.Context(), s.namespace, after))
	if !tr.linnet {
		s.until(shipped, "the rolling update to end", func(v framework.View) bool {
			return framework.PodsReady(after)(v) && v.Target.Status.Replicas == framework.Replicas(v.Target)
		})
		return
	}
	s.until(shipped, "the promotion", func(v framework.View) bool {
		if v.At.After(shipped) && v.Phase() == flaggerv1.PhaseFailed {
			s.Fatalf("the release was not promoted: %s", framework.Describe(v.Canary))
		}
		return framework.Promoted(after)(v) && framework.Stopped(v)
	})
}

func (s *stage) calls(perSecond, connections int) framework.LoadConfig {
	return framework.LoadConfig{
		Address: cluster.Gateway, Host: framework.Host(s.namespace),
		Rate: perSecond, Connections: connections, Who: s.pods.Who,
	}
}

// awaitRoute asks until all of two seconds' requests were answered: the gateway knows the route.
func (s *stage) awaitRoute() {
	const span = 2 * time.Second
	load := framework.StartLoad(s.Context(), s.calls(10, 1))
	defer load.Stop()
	deadline := time.Now().Add(toHappen)
	for {
		s.rest(span)
		w := load.Tally().Between(time.Now().Add(-span), time.Time{})
		if w.Sent > 0 && w.Failed == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("the gateway did not answer within %s: %s", toHappen, w)
		}
	}
}

func (s *stage) create(objects ...client.Object) {
	for _, o := range objects {
		if err := cluster.Create(s.Context(), o); err != nil {
			s.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

func (s *stage) until(from time.Time, what string, fits func(framework.View) bool) {
	ctx, cancel := context.WithTimeout(s.Context(), toHappen)
	defer cancel()
	_, err := s.release.Until(ctx, from, what, fits)
	s.must(err)
}

func (s *stage) must(err error) {
	if err != nil {
		s.Fatal(err)
	}
}

// rest lets the load run on.
func (s *stage) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.Context().Done():
	case <-timer.C:
	}
}
