package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/linnet-delivery/linnet/pkg/rollout"
	"github.com/linnet-delivery/linnet/pkg/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a Meter with its registry and its time, which only the test moves.
type bench struct {
	*telemetry.Meter
	registry *prometheus.Registry
	now      time.Time
}

func newBench() *bench {
	b := &bench{registry: prometheus.NewPedanticRegistry(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	b.Meter = telemetry.New(b.registry, func() time.Time { return b.now })
	return b
}

// expect compares the named series with the text that Prometheus would scrape.
func (b *bench) expect(t *testing.T, want string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(b.registry, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
}

func record(p rollout.Phase, revision string) rollout.Record {
	return rollout.Record{Phase: p, LastApplied: revision}
}

// counts returns the values of a counter, or the sums of a histogram, by a label.
func (b *bench) counts(t *testing.T, name, label string) map[string]float64 {
	t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == label {
					counts[l.GetValue()] += m.GetCounter().GetValue() + m.GetHistogram().GetSampleSum()
				}
			}
		}
	}
	return counts
}
