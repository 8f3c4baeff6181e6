package istio

import (
	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/traffic"
)

// destinationRule returns the whole object that existing, nil when there is none,
// is to become. Host and trafficPolicy are ours; subsets, exportTo and
// workloadSelector belong to whoever set them. In an adopted object trafficPolicy
// is ours only if the Canary has one.
func destinationRule(c *flaggerv1.Canary, host string, existing *networkingv1.DestinationRule) (*networkingv1.DestinationRule, error) {
	policy, err := trafficPolicyOf(c)
	if err != nil {
		return nil, err
	}
	dr, owned := emptyDestinationRule(c, host), true
	if existing != nil {
		if owned, err = traffic.Owned(c, existing); err != nil {
			return nil, err
		}
		dr = existing.DeepCopy()
	}
	if owned {
		traffic.Own(c, dr)
	} else if policy == nil {
		policy = dr.Spec.TrafficPolicy
	}
	dr.Spec.Host, dr.Spec.TrafficPolicy = host, policy
	return dr, nil
}
