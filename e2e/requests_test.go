package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

const (
	// auditLag is how long the API server may take to write a request down.
	auditLag = 2 * time.Second
	// ahead is how long before the tests saw a change of the route it may have been asked for.
	ahead = 500 * time.Millisecond
)

// requests returns Linnet's requests of a time, as the API server saw them.
func requests(t *testing.T, from, until time.Time) []framework.Request {
	t.Helper()
	path, err := lab.AuditLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	requests, err := framework.OpenAuditLog(path).Between(from, until)
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

// This test runs alone: it counts every request but those of the lease and watches.
func TestAnIdleCanaryCostsNoRequest(t *testing.T) {
	a := newApp(t, "idle")
	a.deploy()
	a.declare()
	ctx, cancel := context.WithTimeout(a.Context(), toStart)
	defer cancel()
	a.must(cluster.AwaitNoDeletion(ctx))
	a.offer(*rate / 4)
	a.rest(10 * time.Second) // for what the initialisation still has to say
	from := time.Now()
	a.rest(*idleTime)
	until := time.Now()
	a.rest(auditLag)
	a.lostNothing()

	var others []framework.Request
	leases := 0
	for _, r := range requests(t, from, until) {
		switch {
		case r.Resource == "leases":
			leases++
		case r.Verb != "watch":
			others = append(others, r)
		}
	}
	if len(others) > 0 {
		t.Errorf("%d requests in %s, want none:\n%s", len(others), *idleTime, framework.KindTable(framework.CountByKind(others)))
	}
	if leases == 0 {
		t.Error("the audit log shows no renewal of the lease: it does not see Linnet")
	}
	t.Logf("%d requests in %s beside %d of the lease", len(others), until.Sub(from).Round(time.Second), leases)
}

func TestAReleaseWritesAtMostThreeTimesAStep(t *testing.T) {
	t.Parallel()
	a := newApp(t, "requests")
	a.deploy()
	a.declare(onlySuccess, framework.Steps(10, 20, 30, 40, 50))
	a.offer(*rate / 4)
	a.rest(5 * time.Second)
	shipped := a.ship("6.0.1")
	end := a.untilPromoted(shipped, "6.0.1")
	a.rest(auditLag)
	a.lostNothing()

	mine := a.mine(requests(t, shipped, end.At.Add(auditLag)))
	t.Logf("a release of 5 steps: %d requests\n%s", len(mine), framework.KindTable(framework.CountByKind(mine)))
	steps := []int{10, 20, 30, 40, 50}
	for i, weight := range steps[:len(steps)-1] {
		from := a.until(toAdvance, shipped, "a step", framework.CanaryAt(weight)).At.Add(-ahead)
		until := a.until(toAdvance, shipped, "the next step", framework.CanaryAt(steps[i+1])).At.Add(-ahead)
		a.checkStep(weight, between(mine, from, until))
	}
}

// checkStep fails the test when a step did more than it needs. A step is one change of the route, its
// record and its Event; it lasts from shortly before that change to shortly before the next.
func (a *app) checkStep(weight int, requests []framework.Request) {
	a.Helper()
	writes := 0
	for _, r := range requests {
		if r.Writes() {
			writes++
			continue
		}
		a.Errorf("step to %d %%: live read %s", weight, r)
	}
	if writes == 0 || writes > 3 {
		a.Errorf("step to %d %%: %d writes, want 1 to 3:\n%s", weight, writes, framework.KindTable(framework.CountByKind(requests)))
	}
}

// mine returns the requests about the application's namespace.
func (a *app) mine(all []framework.Request) []framework.Request {
	var mine []framework.Request
	for _, r := range all {
		if r.Namespace == a.namespace && r.Verb != "watch" {
			mine = append(mine, r)
		}
	}
	return mine
}

func between(all []framework.Request, from, until time.Time) []framework.Request {
	var some []framework.Request
	for _, r := range all {
		if !r.At.Before(from) && r.At.Before(until) {
			some = append(some, r)
		}
	}
	return some
}
