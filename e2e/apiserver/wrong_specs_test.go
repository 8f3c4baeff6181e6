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
	"a Service without a mesh": {
		edit: func(c *flaggerv1.Canary) {
			c.Spec.Provider = "kubernetes"
			c.Spec.TargetRef = flaggerv1.TargetReference{APIVersion: "v1", Kind: "Service", Name: framework.App}
		},
		says: "a Service cannot be released by provider kubernetes",
	},
	"mirrored traffic without a mesh": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Provider, c.Spec.Analysis.Mirror = "kubernetes", true },
		says: "analysis.mirror needs a mesh",
	},
	"session affinity without a mesh": {
		edit: func(c *flaggerv1.Canary) { c.Spec.Provider = "kubernetes"; sticky(c) },
		says: "analysis.sessionAffinity needs a mesh",
	},
	"a target that is a primary": {manifest: "target-is-own-primary.yaml", says: "the name of a primary"},
	"mirrored connections": {
		edit: func(c *flaggerv1.Canary) { overTCP(c); c.Spec.Analysis.Mirror = true },
		says: "analysis.mirror copies HTTP requests",
	},
	"sticky connections": {
		edit: func(c *flaggerv1.Canary) { overTCP(c); sticky(c) },
		says: "analysis.sessionAffinity uses HTTP cookies",
	},
	"A/B testing of connections": {
		edit: func(c *flaggerv1.Canary) { overTCP(c); insiders("x-beta")(c) },
		says: "A/B testing looks at HTTP requests",
	},
	"a header with two conditions": {
		edit: func(c *flaggerv1.Canary) {
			insiders("x-user")(c)
			c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: map[string]flaggerv1.StringMatch{"x-user": {Prefix: "a"}}}}
		},
		says: "the header x-user has one condition in service.match and another for the canary",
	},
	"a cookie that the route looks at too": {
		edit: func(c *flaggerv1.Canary) {
			sticky(c)
			c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Headers: map[string]flaggerv1.StringMatch{"cookie": {Prefix: "a"}}}}
		},
		says: "the header cookie has one condition in service.match and another for the canary",
	},
	"an insider that is no regular expression": {
		edit: func(c *flaggerv1.Canary) {
			insiders("x-user")(c)
			c.Spec.Analysis.Match[0].Headers["x-user"] = flaggerv1.StringMatch{Regex: "[a"}
		},
		says: `analysis.match: the regex "[a" of header x-user does not compile`,
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

func sticky(c *flaggerv1.Canary) {
	c.Spec.Analysis.SessionAffinity = &flaggerv1.SessionAffinity{CookieName: "side"}
}

func overTCP(c *flaggerv1.Canary) { c.Spec.Service.AppProtocol = "TCP" }

// insiders makes the release an A/B test for those who send a header.
func insiders(header string) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) {
		c.Spec.Analysis.StepWeights, c.Spec.Analysis.Iterations = nil, 5
		c.Spec.Analysis.Match = []flaggerv1.AnalysisMatch{{Headers: map[string]flaggerv1.StringMatch{header: {Exact: "yes"}}}}
	}
}

// longName is a name that a Deployment may have and, with -primary added, a Service may not.
var longName = "podinfo-" + strings.Repeat("x", 50)
