package onlab

import (
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// operator is the group of the Prometheus operator, which labs don't have. That its kinds are well-formed is tested without a cluster.
const operator = "monitoring.coreos.com"

func TestTheAPIServerTakesEveryValueSet(t *testing.T) {
	for _, name := range []string{"linnet-dry", "monitoring", "test"} {
		makeNamespace(t, name, nil)
	}
	for chart, atLeast := range map[string]int{"linnet": 8, "loadtester": 8} {
		sets, err := filepath.Glob(filepath.Join(chartDir(chart), "ci", "*-values.yaml"))
		if err != nil || len(sets) < atLeast {
			t.Errorf("the chart %s has %d value sets, want %d at least: %v", chart, len(sets), atLeast, err)
		}
		for _, set := range sets {
			t.Run(chart+" with "+filepath.Base(set), func(t *testing.T) {
				taken := takes(t, helm(t, "template", chart, chartDir(chart), "--namespace", "linnet-dry", "--values", set))
				if taken == 0 {
					t.Error("nothing was rendered")
				}
			})
		}
	}
}

// takes asks the API server whether it would take what a chart renders to, and returns how many objects it did take.
func takes(t *testing.T, text string) (taken int) {
	t.Helper()
	for _, o := range parse(t, text) {
		err := apply(t.Context(), o, metav1.DryRunAll)
		switch {
		case err == nil:
			taken++
		case meta.IsNoMatchError(err) && o.GroupVersionKind().Group == operator:
		default:
			t.Error(err)
		}
	}
	return taken
}
