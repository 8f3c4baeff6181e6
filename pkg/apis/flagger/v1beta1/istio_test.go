package v1beta1_test

import (
	"encoding/json"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "istio.io/api/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// route holds what an HTTP route takes from a Canary, under Istio's names.
type route struct {
	Match      []flaggerv1.HTTPMatchRequest `json:"match,omitempty"`
	Rewrite    *flaggerv1.HTTPRewrite       `json:"rewrite,omitempty"`
	Timeout    flaggerv1.Duration           `json:"timeout,omitempty"`
	Retries    *flaggerv1.HTTPRetry         `json:"retries,omitempty"`
	Headers    *flaggerv1.Headers           `json:"headers,omitempty"`
	CorsPolicy *flaggerv1.CorsPolicy        `json:"corsPolicy,omitempty"`
}

func routeOf(s flaggerv1.CanaryService) route {
	return route{s.Match, s.Rewrite, s.Timeout, s.Retries, s.Headers, s.CorsPolicy}
}

// withLoadBalancer returns a policy that differs from that of the manifest in
// those settings of which Istio takes one at a time.
func withLoadBalancer(lb flaggerv1.LoadBalancerSettings) *flaggerv1.TrafficPolicy {
	return &flaggerv1.TrafficPolicy{LoadBalancer: &lb}
}

func TestRoutesConvertToIstio(t *testing.T) {
	for _, path := range []string{"testdata/good/istio.yaml", "testdata/good/zero-downtime.yaml", "testdata/good/weighted.yaml"} {
		t.Run(path, func(t *testing.T) {
			ours := routeOf(readCanary(t, path).Spec.Service)
			wantSameJSON(t, ours, &networkingv1.HTTPRoute{})
		})
	}
}

func TestTrafficPoliciesConvertToIstio(t *testing.T) {
	for name, ours := range trafficPolicies(t) {
		t.Run(name, func(t *testing.T) {
			wantSameJSON(t, ours, &networkingv1.TrafficPolicy{})
		})
	}
}

func trafficPolicies(t *testing.T) map[string]*flaggerv1.TrafficPolicy {
	t.Helper()
	yes := true
	return map[string]*flaggerv1.TrafficPolicy{
		"every field":        readCanary(t, "testdata/good/istio.yaml").Spec.Service.TrafficPolicy,
		"simple":             withLoadBalancer(flaggerv1.LoadBalancerSettings{Simple: "LEAST_REQUEST"}),
		"hash of header":     withLoadBalancer(flaggerv1.LoadBalancerSettings{ConsistentHash: &flaggerv1.ConsistentHash{HTTPHeaderName: "x-user"}}),
		"hash of query":      withLoadBalancer(flaggerv1.LoadBalancerSettings{ConsistentHash: &flaggerv1.ConsistentHash{HTTPQueryParameterName: "user"}}),
		"hash of source":     withLoadBalancer(flaggerv1.LoadBalancerSettings{ConsistentHash: &flaggerv1.ConsistentHash{UseSourceIP: &yes}}),
		"detection switched": {OutlierDetection: &flaggerv1.OutlierDetection{ConsecutiveGatewayErrors: new(int32)}},
	}
}

// Without this a field with a name that Istio does not know would go unnoticed:
// Istio's decoder drops what it does not know.
func TestEveryIstioFieldIsConvertedInATest(t *testing.T) {
	seen := map[string]bool{}
	for _, policy := range trafficPolicies(t) {
		markSet(seen, reflect.ValueOf(policy))
	}
	markSet(seen, reflect.ValueOf(routeOf(readCanary(t, "testdata/good/istio.yaml").Spec.Service)))

	notOfIstio := map[string]bool{"StringMatch.Suffix": true, "HTTPRewrite.Type": true}
	for field, set := range seen {
		if set == notOfIstio[field] {
			t.Errorf("%s: converted = %t, want %t", field, set, !set)
		}
	}
}

// wantSameJSON checks that Istio's type takes over all that ours says.
func wantSameJSON(t *testing.T, ours, istio any) {
	t.Helper()
	before := marshal(t, ours)
	if err := json.Unmarshal(before, istio); err != nil {
		t.Fatalf("read %s: %v", before, err)
	}
	after := marshal(t, istio)
	if diff := cmp.Diff(leaves(generic(t, before)), leaves(generic(t, after))); diff != "" {
		t.Errorf("JSON of ours and of Istio (-ours +istio):\n%s", diff)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// leaves spells durations and numbers in one way: Istio writes 24h as 86400s,
// and large integers as text.
func leaves(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = leaves(v[key])
		}
	case []any:
		for i := range v {
			v[i] = leaves(v[i])
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		if d, err := time.ParseDuration(v); err == nil && v != "0" {
			return d.String()
		}
	}
	return v
}

// markSet records for each field of the structs in v whether it is ever set.
func markSet(seen map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			markSet(seen, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			markSet(seen, v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			markSet(seen, v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			seen[name] = seen[name] || !v.Field(i).IsZero()
			markSet(seen, v.Field(i))
		}
	}
}
