package istio

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	istiov1 "istio.io/api/networking/v1alpha3"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const (
	cookieHeader    = "cookie"
	setCookieHeader = "Set-Cookie"
)

// cookies keep users on the side that they met, each as NAME=VALUE. The zero value hands out none.
type cookies struct {
	canary, primary string
	// expired is the canary's cookie of the release before, which is taken back
	// from those who still have it.
	expired string
	// The attributes follow the cookies where they are handed out and taken back.
	canaryAttributes, primaryAttributes, expiredAttributes string
}

// cookiesOf returns the cookies of the Canary's present release. What the status
// holds stands above what the revision says: it is what users were given.
func cookiesOf(c *flaggerv1.Canary) cookies {
	s := c.Spec.Analysis.SessionAffinity
	if s == nil {
		return cookies{}
	}
	canary, primary := kube.SessionCookies(c, c.Status.LastAppliedSpec)
	return cookies{
		canary:            cmp.Or(c.Status.SessionAffinityCookie, canary),
		primary:           cmp.Or(c.Status.PrimarySessionAffinityCookie, primary),
		expired:           cmp.Or(c.Status.SessionAffinityCookie, c.Status.PreviousSessionAffinityCookie),
		canaryAttributes:  attributes(s, s.MaxAge),
		primaryAttributes: attributes(s, interval(c)),
		expiredAttributes: attributes(s, -1),
	}
}

// interval returns the seconds between two analyses: that long a user who met
// the primary stays with it, or nobody would move to the canary.
func interval(c *flaggerv1.Canary) int {
	d, err := time.ParseDuration(c.Spec.Analysis.Interval)
	if err != nil {
		return 0
	}
	return int(math.Ceil(d.Seconds()))
}

func attributes(s *flaggerv1.SessionAffinity, maxAge int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "; Max-Age=%d", maxAge)
	for _, a := range []struct {
		when bool
		text string
	}{
		{s.Domain != "", "; Domain=" + s.Domain},
		{s.HTTPOnly, "; HttpOnly"},
		{s.Partitioned, "; Partitioned"},
		{s.Path != "", "; Path=" + s.Path},
		{s.SameSite != "", "; SameSite=" + s.SameSite},
		{s.Secure, "; Secure"},
	} {
		if a.when {
			b.WriteString(a.text)
		}
	}
	return b.String()
}

// handOut makes both destinations of r set their cookie, while users are shared out between them.
func (k cookies) handOut(r *istiov1.HTTPRoute, t rollout.Traffic) {
	if t.Canary <= 0 || t.Canary >= 100 {
		return
	}
	if k.canary != "" {
		setCookie(r.Route[1], k.canary+k.canaryAttributes)
	}
	if k.primary != "" {
		setCookie(r.Route[0], k.primary+k.primaryAttributes)
	}
}

// takeBack makes every answer of r end the life of the cookie of the release before.
func (k cookies) takeBack(r *istiov1.HTTPRoute) {
	for _, d := range r.Route {
		setCookie(d, k.expired+k.expiredAttributes)
	}
}

func setCookie(d *istiov1.HTTPRouteDestination, cookie string) {
	d.Headers = &istiov1.Headers{Response: &istiov1.Headers_HeaderOperations{Add: map[string]string{setCookieHeader: cookie}}}
}

// carrying matches requests that carry the cookie NAME=VALUE, among whatever others.
func carrying(cookie string) []*istiov1.HTTPMatchRequest {
	regex := `(.*;\s*)?` + regexp.QuoteMeta(cookie) + `(\s*;.*)?`
	return []*istiov1.HTTPMatchRequest{{Headers: map[string]*istiov1.StringMatch{
		cookieHeader: {MatchType: &istiov1.StringMatch_Regex{Regex: regex}},
	}}}
}
