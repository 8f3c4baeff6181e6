package apiserver

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// wrongSpecs are wrong in themselves, whatever else the cluster holds.
var wrongSpecs = map[string]wrong{
	"a mesh that nobody serves": {manifest: "provider-not-supported.yaml", says: `provider "linkerd" is not supported`},
	"another mesh": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Provider = "kuma" },
		says: `provider "kuma" is not supported`,
	},
	"plain Services": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Provider = "kubernetes" },
		says: `provider "kubernetes" is not supported`,
	},
	"a DaemonSet": {
		edit: func(c *flaggerv1.Canary) { c.Spec.TargetRef.Kind = "DaemonSet" },
		says: `target kind "DaemonSet" is not supported`,
	},
	"a Service for a target": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "v1", Kind: "Service", Name: framework.App}
		},
		says: `target kind "Service" is not supported`,
	},
	"a target that is a primary": {manifest: "target-is-own-primary.yaml", says: "the name of a primary"},
	"an autoscaler of KEDA": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.AutoscalerRef = &flaggerv1.AutoscalerReference{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject", Name: framework.App}
		},
		says: "autoscalerRef names a ScaledObject",
	},
	"A/B testing": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Analysis.StepWeights, c.Spec.Analysis.Iterations = nil, 5
			c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{"x-beta": {Exact: "yes"}}}}
		},
		says: "A/B testing",
	},
	"blue/green": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Analysis.StepWeights, c.Spec.Analysis.Iterations = nil, 5 },
		says: "blue/green",
	},
	"session affinity": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: "side"}
		},
		says: "analysis.sessionAffinity is not supported",
	},
	"mirrored traffic": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Analysis.Mirror = true },
		says: "analysis.mirror is not supported",
	},
	"a TCP route": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Service.AppProtocol = "tcp" },
		says: "TCP routes",
	},
	"an endless timeout": {manifest: "timeout-infinite.yaml", says: "Istio does not understand spec.service"},
	"an endless try": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Service.Retries.PerTryTimeout = "infinity" },
		says: "Istio does not understand spec.service",
	},
	"an endless preflight": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Service.CorsPolicy = &flaggerv1.CorsPolicy{MaxAge: "infinity"} },
		says: "Istio does not understand spec.service",
	},
	"an endless look at the pods": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Service.TrafficPolicy = &flaggerv1.TrafficPolicy{OutlierDetection: &flaggerv1.OutlierDetection{Interval: "infinity"}}
		},
		says: "Istio does not understand spec.service.trafficPolicy",
	},
	"a path that is no regular expression": {manifest: "match-regex.yaml", says: "regex"},
	"a header that is no regular expression": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: map[string]flaggerv1.StringMatch{"x-user": {Regex: "[a"}}}}
		},
		says: "regex",
	},
	"a protocol that is no name": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Service.AppProtocol = "http two" },
		says: "appProtocol",
	},
	"a label that no object takes": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Service.Apex = &flaggerv1.CustomMetadata{Labels: map[string]string{"team": "a b"}}
		},
		says: "metadata.labels",
	},
	"a target with too long a name for its Services": {
		edit: func(c *flaggerv1.Canary) { c.Spec.TargetRef.Name = longName },
		world: makes(func(namespace string) client.Object {
			return framework.Podinfo(namespace, "6.0.0", func(d *appsv1.Deployment) { d.ObjectMeta.Name = longName })
		}),
		says: "service.name",
		correct: func(t *testing.T, namespace string) {
			c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
			update(t, c, func(c *flaggerv1.Canary) { c.Spec.Service.Name = framework.App })
		},
	},
}

// longName is a name that a Deployment may have and, with -primary added, a Service may not.
var longName = "podinfo-" + strings.Repeat("x", 50)
