package telemetry_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// asker does the work at once.
type asker struct{ ctx context.Context }

func (a asker) Ask(_ string, _ rollout.Question, work func(context.Context) rollout.Answer) rollout.Answer {
	return work(a.ctx)
}

func (asker) Forget(string) {}

func TestAnswersAreTimed(t *testing.T) {
	abandoned, cancel := context.WithCancel(context.Background())
	cancel()
	b := newBench()
	ask := func(ctx context.Context, k rollout.Kind, v rollout.Verdict) {
		got := b.Timed(asker{ctx}).Ask("test/podinfo", rollout.Question{Kind: k}, func(context.Context) rollout.Answer {
			b.now = b.now.Add(3 * time.Second)
			return rollout.Answer{Verdict: v}
		})
		if got.Verdict != v {
			t.Errorf("Ask() = %s, want %s", got.Verdict, v)
		}
	}
	ask(t.Context(), rollout.AskAnalysis, rollout.Pass)
	ask(t.Context(), rollout.AskAnalysis, rollout.Pass)
	ask(t.Context(), rollout.AskAnalysis, rollout.NoData)
	ask(t.Context(), rollout.AskRollback, rollout.Fail)
	ask(abandoned, rollout.AskAnalysis, rollout.Error)

	want := map[string]float64{"Pass": 2, "NoData": 1}
	if diff := cmp.Diff(want, b.counts(t, "linnet_analysis_verdicts_total", "verdict")); diff != "" {
		t.Errorf("linnet_analysis_verdicts_total (-want +got):\n%s", diff)
	}
	want = map[string]float64{"analysis": 9, "rollback": 3}
	if diff := cmp.Diff(want, b.counts(t, "linnet_question_duration_seconds", "kind")); diff != "" {
		t.Errorf("linnet_question_duration_seconds (-want +got):\n%s", diff)
	}
}
