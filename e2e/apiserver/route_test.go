package apiserver

import (
	"encoding/json"
	"testing"

	istiov1 "istio.io/client-go/pkg/apis/networking/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
)

// canaryWeight returns the canary's share in the first route that names it, -1 when none does.
func canaryWeight(vs *istiov1.VirtualService) int64 {
	for _, route := range vs.Spec.Http {
		for _, d := range route.Route {
			if d.GetDestination().GetHost() == framework.App+"-canary" {
				return int64(d.Weight)
			}
		}
	}
	return -1
}

// weightIn returns the canary's share in a write of the VirtualService.
func weightIn(t *testing.T, e entry) int64 {
	t.Helper()
	vs := &istiov1.VirtualService{}
	if err := json.Unmarshal(e.body, vs); err != nil {
		t.Fatalf("decode the write of a VirtualService: %v\n%s", err, e.body)
	}
	return canaryWeight(vs)
}
