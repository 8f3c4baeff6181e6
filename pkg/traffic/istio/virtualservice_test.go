package istio

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	istiov1 "istio.io/api/networking/v1alpha3"
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/traffic/traffictest"
)

func destination(host string, weight int32) *istiov1.HTTPRouteDestination {
	return &istiov1.HTTPRouteDestination{Destination: &istiov1.Destination{Host: host}, Weight: weight}
}

func route(to ...*istiov1.HTTPRouteDestination) *istiov1.HTTPRoute {
	return &istiov1.HTTPRoute{Route: to}
}

func mirrored(r *istiov1.HTTPRoute, host string) *istiov1.HTTPRoute {
	r.Mirror = &istiov1.Destination{Host: host}
	return r
}

func TestObserved(t *testing.T) {
	const p, c, apex = "podinfo-primary", "podinfo-canary", "podinfo"
	strange := rollout.Traffic{Canary: -1}
	tests := map[string]struct {
		routes []*istiov1.HTTPRoute
		want   rollout.Traffic
		known  bool
	}{
		"no route says nothing":                        {},
		"routes to others say nothing":                 {routes: []*istiov1.HTTPRoute{route(destination("cdn", 0))}},
		"a route to the apex says nothing":             {routes: []*istiov1.HTTPRoute{route(destination(apex, 100))}},
		"apex and another say nothing":                 {routes: []*istiov1.HTTPRoute{route(destination(apex, 90), destination("old", 10))}},
		"a redirect says nothing":                      {routes: []*istiov1.HTTPRoute{{Redirect: &istiov1.HTTPRedirect{Uri: "/"}}}},
		"two weights":                                  {[]*istiov1.HTTPRoute{route(destination(p, 70), destination(c, 30))}, rollout.Traffic{Canary: 30}, true},
		"the order does not count":                     {[]*istiov1.HTTPRoute{route(destination(c, 30), destination(p, 70))}, rollout.Traffic{Canary: 30}, true},
		"long names are the same hosts":                {[]*istiov1.HTTPRoute{route(destination(p+".test", 70), destination(c+".test.svc.example.org", 30))}, rollout.Traffic{Canary: 30}, true},
		"another namespace is another host":            {routes: []*istiov1.HTTPRoute{route(destination(p+".prod.svc.cluster.local", 70), destination(c+".prod", 30))}},
		"the primary alone has all":                    {[]*istiov1.HTTPRoute{route(destination(p, 0))}, rollout.Traffic{}, true},
		"the canary alone has all":                     {[]*istiov1.HTTPRoute{route(destination(c, 0))}, rollout.Traffic{Canary: 100}, true},
		"the canary alone has all, whatever it weighs": {[]*istiov1.HTTPRoute{route(destination(c, 7))}, rollout.Traffic{Canary: 100}, true},
		"0 and 0 is strange":                           {[]*istiov1.HTTPRoute{route(destination(p, 0), destination(c, 0))}, strange, true},
		"a sum of 110 is strange":                      {[]*istiov1.HTTPRoute{route(destination(p, 100), destination(c, 10))}, strange, true},
		"a negative weight is strange":                 {[]*istiov1.HTTPRoute{route(destination(p, 110), destination(c, -10))}, strange, true},
		"a third destination is strange":               {[]*istiov1.HTTPRoute{route(destination(p, 80), destination(c, 10), destination("old", 10))}, strange, true},
		"a third destination on top is strange":        {[]*istiov1.HTTPRoute{route(destination(p, 90), destination(c, 10), destination("old", 10))}, strange, true},
		"routes that agree are one":                    {[]*istiov1.HTTPRoute{route(destination(p, 70), destination(c, 30)), route(destination("cdn", 0)), route(destination(p, 70), destination(c, 30))}, rollout.Traffic{Canary: 30}, true},
		"routes that disagree are strange":             {[]*istiov1.HTTPRoute{route(destination(p, 70), destination(c, 30)), route(destination(p, 0))}, strange, true},
		"a route to the apex disagrees with a share":   {[]*istiov1.HTTPRoute{route(destination(apex, 0)), route(destination(p, 70), destination(c, 30))}, strange, true},
		"a mirror to the canary":                       {[]*istiov1.HTTPRoute{mirrored(route(destination(p, 100), destination(c, 0)), c)}, rollout.Traffic{Mirror: true}, true},
		"a mirror to another is none":                  {[]*istiov1.HTTPRoute{mirrored(route(destination(p, 100), destination(c, 0)), "recorder")}, rollout.Traffic{}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, known := observed(newHosts(traffictest.Canary()), &istiov1.VirtualService{Http: test.routes})
			if got != test.want || known != test.known {
				t.Errorf("observed() = %+v, %v, want %+v, %v", got, known, test.want, test.known)
			}
		})
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	tests := map[string]struct {
		edit func(*flaggerv1.CanaryService)
		says string
	}{
		"a timeout without an end": {func(s *flaggerv1.CanaryService) { s.Timeout = "infinite" }, "Istio does not understand spec.service"},
		"a timeout without a unit": {func(s *flaggerv1.CanaryService) { s.Retries = &flaggerv1.HTTPRetry{PerTryTimeout: "5"} }, "Istio does not understand spec.service"},
		"delegation with hosts":    {func(s *flaggerv1.CanaryService) { s.Delegation, s.Hosts = true, []string{"a"} }, "remove service.hosts"},
		"delegation with gateways": {func(s *flaggerv1.CanaryService) { s.Delegation, s.Gateways = true, []string{"a"} }, "remove service.hosts"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := traffictest.Canary(func(c *flaggerv1.Canary) { test.edit(&c.Spec.Service) })
			_, err := virtualService(c, traffictest.Backend(), rollout.Traffic{}, nil)
			if !errors.Is(err, kube.ErrRefused) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("virtualService() returned %v, want a refusal that says %q", err, test.says)
			}
		})
	}
	c := traffictest.Canary(func(c *flaggerv1.Canary) {
		c.Spec.Service.TrafficPolicy = &flaggerv1.TrafficPolicy{LoadBalancer: &flaggerv1.LoadBalancerSettings{Simple: "FASTEST"}}
	})
	if _, err := destinationRule(c, "podinfo-primary", nil); !errors.Is(err, kube.ErrRefused) {
		t.Errorf("destinationRule() returned %v, want a refusal", err)
	}
}

// Every comparison that the contract has must come out as one that Istio has:
// what its decoder does not know it drops, and everybody would match.
func TestNoConditionIsLost(t *testing.T) {
	for name, condition := range map[string]flaggerv1.StringMatch{
		"exact": {Exact: "a"}, "prefix": {Prefix: "a"}, "suffix": {Suffix: "a"}, "regex": {Regex: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			c := traffictest.Canary(func(c *flaggerv1.Canary) {
				byName := map[string]flaggerv1.StringMatch{"x": condition}
				c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{
					URI: &condition, Scheme: &condition, Method: &condition, Authority: &condition,
					Headers: byName, WithoutHeaders: byName, QueryParams: byName,
				}}
				c.Spec.Service.CorsPolicy = &flaggerv1.CorsPolicy{AllowOrigins: []flaggerv1.StringMatch{condition}}
			})
			before := c.DeepCopy()
			r, err := routeOf(c)
			if err != nil {
				t.Fatal(err)
			}
			m := r.Match[0]
			for i, s := range []*istiov1.StringMatch{
				m.Uri, m.Scheme, m.Method, m.Authority, m.Headers["x"], m.WithoutHeaders["x"], m.QueryParams["x"], r.CorsPolicy.AllowOrigins[0],
			} {
				if s.GetMatchType() == nil {
					t.Errorf("condition %d is empty", i)
				}
			}
			if *before.Spec.Service.Match[0].URI != *c.Spec.Service.Match[0].URI {
				t.Error("the Canary was changed")
			}
		})
	}
}

// The CRD's schema wants integers where protobuf writes strings.
func TestBigNumbersAreNumbers(t *testing.T) {
	dr := &networkingv1.DestinationRule{}
	if err := json.Unmarshal([]byte(`{"metadata":{"name":"a","resourceVersion":"7"},"spec":{
		"trafficPolicy":{"loadBalancer":{"consistentHash":{"useSourceIp":true,"minimumRingSize":1024}}},
		"subsets":[{"name":"v1","trafficPolicy":{"loadBalancer":{"consistentHash":{"httpHeaderName":"tableSize","maglev":{"tableSize":65537}}}}}]}}`), dr); err != nil {
		t.Fatal(err)
	}
	obj, err := withNumbers(dr)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"minimumRingSize":1024`, `"tableSize":65537`, `"httpHeaderName":"tableSize"`,
		`"resourceVersion":"7"`, `"kind":"DestinationRule"`, `"apiVersion":"networking.istio.io/v1"`,
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is missing in %s", want, raw)
		}
	}
}
