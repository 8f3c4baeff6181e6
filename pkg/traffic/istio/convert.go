package istio

import (
	"encoding/json"
	"fmt"
	"regexp"

	istiov1 "istio.io/api/networking/v1alpha3"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// routeOf returns what the Canary says of its HTTP route: everything but destinations.
func routeOf(c *flaggerv1.Canary) (*istiov1.HTTPRoute, error) {
	s := c.Spec.Service
	r := &istiov1.HTTPRoute{}
	err := convert("service", struct {
		Match      []flaggerv1.HTTPMatchRequest `json:"match,omitempty"`
		Rewrite    *flaggerv1.HTTPRewrite       `json:"rewrite,omitempty"`
		Timeout    flaggerv1.Duration           `json:"timeout,omitempty"`
		Retries    *flaggerv1.HTTPRetry         `json:"retries,omitempty"`
		Headers    *flaggerv1.Headers           `json:"headers,omitempty"`
		CorsPolicy *flaggerv1.CorsPolicy        `json:"corsPolicy,omitempty"`
	}{spelled(s.Match), s.Rewrite, s.Timeout, s.Retries, s.Headers, spelledCors(s.CorsPolicy)}, r)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// chosenOf returns the requests that the Canary's analysis is about.
func chosenOf(c *flaggerv1.Canary) ([]*istiov1.HTTPMatchRequest, error) {
	if c.Spec.Analysis.Iterations < 1 {
		return nil, nil // weights, not matches, choose who reaches the canary
	}
	matches := make([]flaggerv1.HTTPMatchRequest, 0, len(c.Spec.Analysis.Match))
	for _, m := range c.Spec.Analysis.Match {
		matches = append(matches, flaggerv1.HTTPMatchRequest{Headers: m.Headers, QueryParams: m.QueryParams, SourceLabels: m.SourceLabels})
	}
	r := &istiov1.HTTPRoute{}
	err := convert("analysis", struct {
		Match []flaggerv1.HTTPMatchRequest `json:"match,omitempty"`
	}{spelled(matches)}, r)
	return r.Match, err
}

// trafficPolicyOf returns what the Canary says of its DestinationRules, or nil.
func trafficPolicyOf(c *flaggerv1.Canary) (*istiov1.TrafficPolicy, error) {
	if c.Spec.Service.TrafficPolicy == nil {
		return nil, nil
	}
	policy := &istiov1.TrafficPolicy{}
	if err := convert("service.trafficPolicy", c.Spec.Service.TrafficPolicy, policy); err != nil {
		return nil, err
	}
	return policy, nil
}

// convert turns our mirror of an Istio type into the type itself, through the
// JSON that both have in common. field names its place in the Canary's spec.
func convert(field string, from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("encode spec.%s: %w", field, err)
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return fmt.Errorf("%w: Istio does not understand spec.%s: %w", kube.ErrRefused, field, err)
	}
	return nil
}

// spelled returns matches with every comparison in words that Istio has.
func spelled(matches []flaggerv1.HTTPMatchRequest) []flaggerv1.HTTPMatchRequest {
	out := make([]flaggerv1.HTTPMatchRequest, len(matches))
	for i := range matches {
		m := matches[i].DeepCopy()
		for _, s := range []*flaggerv1.StringMatch{m.URI, m.Scheme, m.Method, m.Authority} {
			if s != nil {
				*s = withoutSuffix(*s)
			}
		}
		for _, byName := range []map[string]flaggerv1.StringMatch{m.Headers, m.WithoutHeaders, m.QueryParams} {
			for name, s := range byName {
				byName[name] = withoutSuffix(s)
			}
		}
		out[i] = *m
	}
	return out
}

func spelledCors(p *flaggerv1.CorsPolicy) *flaggerv1.CorsPolicy {
	p = p.DeepCopy()
	if p == nil {
		return nil
	}
	for i, s := range p.AllowOrigins {
		p.AllowOrigins[i] = withoutSuffix(s)
	}
	return p
}

// withoutSuffix turns a suffix into the regex that means it. Istio knows no
// suffix and its decoder would drop it, leaving a match that everyone meets.
func withoutSuffix(s flaggerv1.StringMatch) flaggerv1.StringMatch {
	if s.Suffix == "" {
		return s
	}
	return flaggerv1.StringMatch{Regex: ".*" + regexp.QuoteMeta(s.Suffix)}
}
