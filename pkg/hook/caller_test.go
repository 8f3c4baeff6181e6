package hook_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestAskCallsTheWebhooksOfItsType(t *testing.T) {
	tests := map[string]struct {
		asked flaggerv1.HookType
		hooks func(url string) []flaggerv1.CanaryWebhook
		paths []string
		want  rollout.Answer
	}{
		"no webhook at all is a pass": {
			asked: flaggerv1.HookConfirmRollout,
			hooks: func(string) []flaggerv1.CanaryWebhook { return nil },
			want:  rollout.Answer{Verdict: rollout.Pass, At: epoch},
		},
		"webhooks of other types are not called": {
			asked: flaggerv1.HookConfirmRollout,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				return []flaggerv1.CanaryWebhook{gate(url+"/no", hookType(flaggerv1.HookEvent)), gate(url+"/no", hookType(""))}
			},
			want: rollout.Answer{Verdict: rollout.Pass, At: epoch},
		},
		"all have to agree": {
			asked: flaggerv1.HookConfirmRollout,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				return []flaggerv1.CanaryWebhook{gate(url+"/yes", named("a")), gate(url+"/yes", named("b"))}
			},
			paths: []string{"/yes", "/yes"},
			want:  rollout.Answer{Verdict: rollout.Pass, Checks: []analysis.Result{passed("a"), passed("b")}, At: epoch},
		},
		"the first refusal ends the asking": {
			asked: flaggerv1.HookConfirmRollout,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				return []flaggerv1.CanaryWebhook{gate(url+"/yes", named("a")), gate(url + "/no"), gate(url + "/yes")}
			},
			paths: []string{"/yes", "/no"},
			want: rollout.Answer{
				Verdict: rollout.Fail, Reason: `webhook "gate" (confirm-rollout) answered 403 Forbidden: not yet`,
				Checks: []analysis.Result{passed("a"), {
					Name: "gate", Value: "403 Forbidden", Limits: "2xx", Outcome: analysis.Fail, At: epoch,
					Message: `webhook "gate" (confirm-rollout) answered 403 Forbidden: not yet`,
				}},
				At: epoch,
			},
		},
		"an empty type is a rollout webhook": {
			asked: flaggerv1.HookRollout,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				return []flaggerv1.CanaryWebhook{gate(url+"/yes", named("a"), hookType("")), gate(url+"/yes", named("b"), hookType(flaggerv1.HookRollout))}
			},
			paths: []string{"/yes", "/yes"},
			want:  rollout.Answer{Verdict: rollout.Pass, Checks: []analysis.Result{passed("a"), passed("b")}, At: epoch},
		},
		"no rollback webhook asks for no rollback": {
			asked: flaggerv1.HookRollback,
			hooks: func(string) []flaggerv1.CanaryWebhook { return nil },
			want:  rollout.Answer{Verdict: rollout.Fail, At: epoch},
		},
		"one rollback webhook is enough to roll back": {
			asked: flaggerv1.HookRollback,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				rollback := hookType(flaggerv1.HookRollback)
				return []flaggerv1.CanaryWebhook{gate(url+"/no", rollback), gate(url+"/yes", rollback), gate(url+"/no", rollback)}
			},
			paths: []string{"/no", "/yes"},
			want:  rollout.Answer{Verdict: rollout.Pass, Reason: `webhook "gate" (rollback) answered 200 OK`, At: epoch},
		},
		"no rollback when every rollback webhook refuses": {
			asked: flaggerv1.HookRollback,
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				rollback := hookType(flaggerv1.HookRollback)
				return []flaggerv1.CanaryWebhook{gate(url+"/no", rollback), gate(url+"/no", rollback)}
			},
			paths: []string{"/no", "/no"},
			want:  rollout.Answer{Verdict: rollout.Fail, Reason: `webhook "gate" (rollback) answered 403 Forbidden: not yet`, At: epoch},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, byPath)
			got := newCaller(t).Ask(t.Context(), canary(tt.hooks(r.URL)...), tt.asked, rollout.PhaseWaiting)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Ask() (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.paths, r.paths()); diff != "" {
				t.Errorf("called (-want +got):\n%s", diff)
			}
		})
	}
}

func passed(name string) analysis.Result {
	return analysis.Result{Name: name, Value: "200 OK", Limits: "2xx", Outcome: analysis.Pass, At: epoch}
}

func TestAnAbandonedQuestionIsAnError(t *testing.T) {
	for _, asked := range []flaggerv1.HookType{flaggerv1.HookConfirmRollout, flaggerv1.HookRollback} {
		t.Run(string(asked), func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			r := newReceiver(t, func(_ http.ResponseWriter, req *http.Request) {
				cancel()
				<-req.Context().Done()
			})
			c := canary(gate(r.URL, hookType(asked), retries(5)), gate(r.URL, hookType(asked)))
			got := newCaller(t).Ask(ctx, c, asked, rollout.PhaseWaiting)
			want := rollout.Answer{
				Verdict: rollout.Error, At: epoch,
				Reason: "the " + string(asked) + " webhooks were not waited for: context canceled",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Ask() (-want +got):\n%s", diff)
			}
			if n := len(r.requests()); n != 1 {
				t.Errorf("%d calls, want 1", n)
			}
		})
	}
}
