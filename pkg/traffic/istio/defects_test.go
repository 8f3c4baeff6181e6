package istio

import (
	"errors"
	"strings"
	"testing"

	istiov1 "istio.io/api/networking/v1alpha3"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

// What no route could ask for is refused before a release begins, and not in the middle of it.
func TestConditionsThatContradictAreRefusedAtRest(t *testing.T) {
	byHeader := func(name, value string) map[string]flaggerv1.StringMatch {
		return map[string]flaggerv1.StringMatch{name: {Exact: value}}
	}
	tests := map[string]struct {
		edit func(*flaggerv1.CanarySpec)
		says string
	}{
		"A/B testing by a header of the route": {func(s *flaggerv1.CanarySpec) {
			s.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: byHeader("x-user", "a")}}
			s.Analysis.Iterations, s.Analysis.Match = 5, []flaggerv1.AnalysisMatch{{Headers: byHeader("x-user", "b")}}
		}, "the header x-user"},
		"session affinity beside a cookie of the route": {func(s *flaggerv1.CanarySpec) {
			s.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: byHeader("cookie", "a=b")}}
			s.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: "side"}
		}, "the header cookie"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := traffictest.Canary(func(c *flaggerv1.Canary) { test.edit(&c.Spec) })
			_, err := virtualService(c, traffictest.Backend(), rollout.Traffic{}, nil)
			if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("virtualService() returned %v, want a refusal that says %q", err, test.says)
			}
		})
	}
}

// A weighted release has no use for analysis.match, so nothing in it can be wrong.
func TestWeightsDoNotLookAtTheMatch(t *testing.T) {
	c := traffictest.Canary(func(c *flaggerv1.Canary) {
		c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: map[string]flaggerv1.StringMatch{"x": {Exact: "a"}}}}
		c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{"x": {Exact: "b"}}}}
	})
	vs, err := virtualService(c, traffictest.Backend(), rollout.Traffic{Canary: 30}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(vs.Spec.Http) != 1 {
		t.Errorf("%d routes, want one", len(vs.Spec.Http))
	}
}

// A query parameter in analysis.match counts beside a path in service.match: whoever lacks it stays
// on the primary.
func TestNobodyElseMatchesInAnABTest(t *testing.T) {
	c := traffictest.Canary(func(c *flaggerv1.Canary) {
		c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{URI: &flaggerv1.StringMatch{Prefix: "/shop"}}}
		c.Spec.Analysis.Iterations = 5
		c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{QueryParams: map[string]flaggerv1.StringMatch{"beta": {Exact: "1"}}}}
	})
	vs, err := virtualService(c, traffictest.Backend(), rollout.Traffic{Matched: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	chosen, general := vs.Spec.Http[0], vs.Spec.Http[1]
	if m := chosen.Match[0]; m.Uri.GetPrefix() != "/shop" || m.QueryParams["beta"].GetExact() != "1" {
		t.Errorf("the canary's route asks for %v", m)
	}
	if len(general.Match[0].QueryParams) > 0 || shareOf(general) != 0 || shareOf(chosen) != 100 {
		t.Errorf("the routes are %v", vs.Spec.Http)
	}
}

// A route of weights 0 and 0 is put right, connections are matched by port, and mirroring leaves
// sticky users alone.
func TestRoutesThatTheReferenceStumblesOver(t *testing.T) {
	t.Run("weights of 0 and 0 are put right", func(t *testing.T) {
		c := traffictest.Canary()
		broken := emptyVirtualService(c)
		broken.Spec.Http = []*istiov1.HTTPRoute{{Route: []*istiov1.HTTPRouteDestination{
			{Destination: &istiov1.Destination{Host: "podinfo-primary"}}, {Destination: &istiov1.Destination{Host: "podinfo-canary"}},
		}}}
		vs, err := virtualService(c, traffictest.Backend(), rollout.Traffic{Canary: 20}, broken)
		if err != nil {
			t.Fatal(err)
		}
		if got := shareOf(vs.Spec.Http[len(vs.Spec.Http)-1]); got != 20 {
			t.Errorf("the canary's share is %d, want 20", got)
		}
	})
	t.Run("connections are matched by port", func(t *testing.T) {
		c := traffictest.Canary(func(c *flaggerv1.Canary) {
			c.Spec.Service.AppProtocol = "TCP"
			c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Port: 31400}}
			c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{SourceLabels: map[string]string{"app": "shop"}}}
		})
		vs, err := virtualService(c, traffictest.Backend(), rollout.Traffic{Canary: 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(vs.Spec.Http) > 0 || len(vs.Spec.Tcp) != 1 || len(vs.Spec.Tcp[0].Match) != 1 || vs.Spec.Tcp[0].Match[0].Port != 31400 {
			t.Errorf("the routes are %v and %v", vs.Spec.Http, vs.Spec.Tcp)
		}
	})
	t.Run("a mirrored trial has no sticky route", func(t *testing.T) {
		c := traffictest.Canary(func(c *flaggerv1.Canary) {
			c.Spec.Analysis.Mirror = true
			c.Spec.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: "side"}
		})
		vs, err := virtualService(c, traffictest.Backend(), rollout.Traffic{Mirror: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(vs.Spec.Http) != 1 || vs.Spec.Http[0].Mirror == nil {
			t.Errorf("the routes are %v, want one that mirrors", vs.Spec.Http)
		}
	})
}

func shareOf(r *istiov1.HTTPRoute) int {
	for _, d := range r.Route {
		if d.Destination.Host == "podinfo-canary" {
			return int(d.Weight)
		}
	}
	return 0
}
