package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Limits of waiting. They bound a test that fails; one that passes needs far less.
const (
	toStart   = 2 * time.Minute
	toAdvance = time.Minute
	toEnd     = 3 * time.Minute
)

// app is podinfo under release in a namespace of its own.
type app struct {
	*testing.T
	namespace string
	release   *framework.Follower
	pods      *framework.Pods
	load      *framework.Load
}

// newApp makes a namespace that no other run has. It goes at the end of the test, with what is in it.
func newApp(t *testing.T, name string) *app {
	t.Helper()
	a := &app{T: t, namespace: fmt.Sprintf("e2e-%s-%d", name, os.Getpid())}
	ctx, cancel := context.WithTimeout(t.Context(), toStart)
	defer cancel()
	a.must(cluster.CreateNamespace(ctx, a.namespace))
	t.Cleanup(a.cleanUp)
	a.release = cluster.Follow(t.Context(), a.namespace)
	a.pods = cluster.WatchPods(t.Context(), a.namespace)
	return a
}

func (a *app) cleanUp() {
	if a.Failed() {
		a.Logf("at the end of the failed test:\n%s", a.release.Report(time.Time{}))
		if *keepFailed {
			return
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), toStart)
	defer cancel()
	if err := cluster.DeleteNamespace(ctx, a.namespace); err != nil {
		a.Log(err)
	}
}

func (a *app) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func (a *app) create(objects ...client.Object) {
	a.Helper()
	for _, o := range objects {
		if err := cluster.Create(a.Context(), o); err != nil {
			a.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// deploy starts the first version.
func (a *app) deploy(edits ...func(*appsv1.Deployment)) {
	a.Helper()
	a.create(framework.Podinfo(a.namespace, "6.0.0", edits...))
}

// declare creates the Canary and waits until Linnet has set everything up.
func (a *app) declare(edits ...func(*flaggerv1.Canary)) framework.View {
	a.Helper()
	from := time.Now()
	a.create(framework.NewCanary(a.namespace, edits...))
	return a.initialised(from)
}

func (a *app) initialised(from time.Time) framework.View {
	a.Helper()
	return a.until(toStart, from, "the Canary to be initialised", func(v framework.View) bool {
		return v.Phase() == flaggerv1.PhaseInitialized && framework.Stopped(v)
	})
}

// offer begins to send requests.
func (a *app) offer(perSecond int) { a.load = a.callers(perSecond) }

// callers returns users who begin to send requests through the gateway.
func (a *app) callers(perSecond int, edits ...func(*framework.LoadConfig)) *framework.Load {
	config := framework.LoadConfig{
		Address: cluster.Gateway, Host: framework.Host(a.namespace), Rate: perSecond, Who: a.pods.Who,
	}
	for _, edit := range edits {
		edit(&config)
	}
	return framework.StartLoad(a.Context(), config)
}

// ship gives the Deployment a version, and returns when.
func (a *app) ship(version string) time.Time {
	a.Helper()
	at := time.Now()
	a.must(cluster.Ship(a.Context(), a.namespace, version))
	return at
}

// until waits for a view from a time on that fits, or fails the test.
func (a *app) until(limit time.Duration, from time.Time, what string, fits func(framework.View) bool) framework.View {
	a.Helper()
	ctx, cancel := context.WithTimeout(a.Context(), limit)
	defer cancel()
	v, err := a.release.Until(ctx, from, what, fits)
	a.must(err)
	return v
}

// untilAnswered waits until users meet a version: the gateway knows the route.
func (a *app) untilAnswered(version string) {
	a.Helper()
	deadline := time.Now().Add(toAdvance)
	for a.load.Tally().All().Version(version).Requests == 0 {
		if time.Now().After(deadline) {
			a.Fatalf("%s answered no request within %s\n%s", version, toAdvance, a.release.Report(time.Time{}))
		}
		a.rest(100 * time.Millisecond)
	}
}

// untilPromoted waits for the end of a good release, when the canary is stopped.
func (a *app) untilPromoted(from time.Time, version string) framework.View {
	a.Helper()
	return a.until(toEnd, from, version+" to be promoted", func(v framework.View) bool {
		if v.At.After(from) && v.Phase() == flaggerv1.PhaseFailed {
			a.Fatalf("%s was not promoted: %s", version, framework.Describe(v.Canary))
		}
		return framework.Promoted(version)(v) && framework.Stopped(v)
	})
}

// ending is a version that is shipped after 6.0.0, and how its release ends.
type ending struct {
	version string
	phase   flaggerv1.CanaryPhase
}

func (e ending) fails() bool { return e.phase == flaggerv1.PhaseFailed }

// serves returns the version that users meet in the end.
func (e ending) serves() string {
	if e.fails() {
		return "6.0.0"
	}
	return e.version
}

// untilEnded waits for the end of a release, when the canary is stopped.
func (a *app) untilEnded(shipped time.Time, e ending) framework.View {
	a.Helper()
	return a.until(toEnd, shipped, "the end of the release", func(v framework.View) bool {
		return v.At.After(shipped) && v.Phase() == e.phase && framework.Stopped(v)
	})
}

// rest lets the load run on for a while, so that late effects are seen.
func (a *app) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-a.Context().Done():
	case <-timer.C:
	}
}

// lostNothing ends the load and fails the test when any request was lost, with the requests.
func (a *app) lostNothing() *framework.Tally {
	a.Helper()
	tally := a.load.Stop()
	w := tally.All()
	if w.Failed != 0 {
		a.Errorf("lost requests: %s", w)
	}
	a.Logf("%.0f requests/s reached of %d: %s", tally.Rate(), *rate, w)
	return tally
}
