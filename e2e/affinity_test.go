package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const (
	canaryCookie  = "canary-cookie"
	primaryCookie = "primary-cookie"
)

func sticky(c *flaggerv1.Canary) {
	c.Spec.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: canaryCookie, PrimaryCookieName: primaryCookie, MaxAge: 3600}
}

// answer is what one request came back with.
type answer struct {
	code    int
	version string
	cookies []*http.Cookie
}

// ask sends one request through the gateway with a cookie, unless that is empty.
func (a *app) ask(cookie string) answer {
	a.Helper()
	ctx, cancel := context.WithTimeout(a.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+cluster.Gateway+"/api/info", nil)
	a.must(err)
	req.Host = framework.Host(a.namespace)
	if cookie != "" {
		req.Header.Set("Cookie", "other=1; "+cookie)
	}
	res, err := http.DefaultClient.Do(req)
	a.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	a.must(err)
	version := ""
	for _, v := range []string{"6.0.0", "6.0.1"} {
		if strings.Contains(string(body), fmt.Sprintf("%q", v)) {
			version = v
		}
	}
	return answer{res.StatusCode, version, res.Cookies()}
}

// given returns the cookie of a name that a version hands out, as NAME=VALUE.
func (a *app) given(version, name string) string {
	a.Helper()
	for range 500 {
		got := a.ask("")
		for _, c := range got.cookies {
			if got.version == version && c.Name == name {
				return c.Name + "=" + c.Value
			}
		}
	}
	a.Fatalf("%s hands out no cookie %s", version, name)
	return ""
}

// stays fails the test when one of many requests with a cookie is not answered by the version.
func (a *app) stays(cookie, version string) {
	a.Helper()
	for range 200 {
		if got := a.ask(cookie); got.code != http.StatusOK || got.version != version {
			a.Errorf("with %s: %d from %q, want %s", cookie, got.code, got.version, version)
			return
		}
	}
}

func TestSessionAffinityKeepsUsersOnTheSideTheyMet(t *testing.T) {
	t.Parallel()
	a := newApp(t, "sticky")
	a.deploy(framework.WithoutGrace)
	a.declare(sticky, onlySuccess, framework.Steps(30), func(c *flaggerv1.Canary) { c.Spec.Analysis.Interval = "30s" })
	a.offer(*rate / 2)
	shipped := a.ship("6.0.1")
	a.until(toAdvance, shipped, "the first step", framework.CanaryAt(30))
	a.untilAnswered("6.0.1")
	a.rest(2 * time.Second) // until every worker of the gateway knows the route

	stayed, left := a.given("6.0.1", canaryCookie), a.given("6.0.0", primaryCookie)
	a.stays(stayed, "6.0.1")
	a.stays(left, "6.0.0")
	if got := a.release.Last().Canary.Status.SessionAffinityCookie; got != stayed {
		a.Errorf("the status has the cookie %s, users have %s", got, stayed)
	}

	end := a.untilPromoted(shipped, "6.0.1")
	a.rest(3 * time.Second)
	if got := end.Canary.Status.PreviousSessionAffinityCookie; got != stayed {
		a.Errorf("the status has %q to take back, users have %s", got, stayed)
	}
	taken := false
	for _, c := range a.ask(stayed).cookies {
		taken = taken || c.Name == canaryCookie && c.MaxAge < 0
	}
	if !taken {
		a.Error("the cookie is not taken back after the release")
	}
	a.lostNothing()
}

func TestStickyUsersLeaveAVersionThatIsRolledBack(t *testing.T) {
	t.Parallel()
	a := newApp(t, "sticky-bad")
	a.deploy()
	a.declare(sticky, onlySuccess, framework.Steps(30), framework.Threshold(1))
	a.offer(*rate / 2)
	shipped := a.ship("6.0.9-errors")
	failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
	a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
	a.stays(failed.Canary.Status.PreviousSessionAffinityCookie, "6.0.0")
	a.rest(time.Second)
	a.lostOnlyOn("6.0.9")
}
