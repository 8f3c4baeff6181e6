package traffictest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

// Canary returns the Canary test/podinfo on port 9898, changed by edits.
func Canary(edits ...func(*flaggerv1.Canary)) *flaggerv1.Canary {
	c := &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "podinfo", UID: "11111111-aaaa-4bbb-8ccc-222222222222"},
		Spec: flaggerv1.CanarySpec{
			TargetRef: flaggerv1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "podinfo"},
			Service:   flaggerv1.CanaryService{Port: 9898},
		},
		Status: flaggerv1.CanaryStatus{LastAppliedSpec: "v2", LastPromotedSpec: "v1"},
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

// Backend returns the Backend that goes with Canary: pods with the label app=podinfo.
func Backend() kube.Backend {
	return kube.Backend{LabelKey: "app", LabelValue: "podinfo"}
}
