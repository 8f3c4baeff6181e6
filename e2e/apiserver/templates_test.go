package apiserver

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// A template is rendered with the Canary's names and its metric's variables, and its value is shown
// in the status. A metric without an interval looks at the last minute.
func TestATemplateIsAsked(t *testing.T) {
	t.Parallel()
	namespace, prometheus := newNamespace(t), newFickle(t)
	startLinnet(t, namespace, "http://127.0.0.1:9")
	create(t, &flaggerv1.MetricTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "latency"},
		Spec: flaggerv1.MetricTemplateSpec{
			Provider: flaggerv1.MetricProvider{Type: "prometheus", Address: prometheus.url},
			Query:    `histogram_quantile(0.99, x{ns="{{ namespace }}",app="{{ target }}",by="{{ variables.reporter }}"}[{{ interval }}])`,
		},
	})
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(50), func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Metrics = []flaggerv1.CanaryMetric{{
			Name: "latency", TemplateRef: &flaggerv1.CrossNamespaceReference{Name: "latency", Namespace: namespace},
			ThresholdRange: &flaggerv1.ThresholdRange{Max: new(500.0)}, TemplateVariables: map[string]string{"reporter": "source"},
		}}
	}))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	ship(t, namespace, "6.0.1")
	await(t, &flaggerv1.CanaryList{}, namespace, framework.App, "judged", func(c *flaggerv1.Canary) bool {
		return len(c.Status.Checks) == 1 && c.Status.Checks[0].Value == "12" && c.Status.Checks[0].Verdict == flaggerv1.VerdictPass
	})
	want := `histogram_quantile(0.99, x{ns="` + namespace + `",app="podinfo",by="source"}[1m])`
	if asked := prometheus.asked(); !slices.Contains(asked, want) {
		t.Errorf("Prometheus was asked %q, want %s", asked, want)
	}
}
