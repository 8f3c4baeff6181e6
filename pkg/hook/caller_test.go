package hook_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/hook"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pauses records what a Caller would have waited between its tries.
type pauses struct {
	mu  sync.Mutex
	got []time.Duration
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = append(p.got, d)
	return ctx.Err()
}

func newCaller(t *testing.T, edits ...func(*hook.Options)) *hook.Caller {
	t.Helper()
	o := hook.Options{
		Now:           func() time.Time { return epoch },
		AllowLoopback: true,
		UserAgent:     "linnet/v0",
		Wait:          (&pauses{}).wait,
	}
	for _, edit := range edits {
		edit(&o)
	}
	c := hook.New(o)
	t.Cleanup(c.CloseIdle)
	return c
}

func canary(webhooks ...flaggerv1.CanaryWebhook) *flaggerv1.Canary {
	return &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: "podinfo", Namespace: "test", UID: "uid-1"},
		Spec:       flaggerv1.CanarySpec{Analysis: flaggerv1.CanaryAnalysis{Webhooks: webhooks}},
		Status: flaggerv1.CanaryStatus{
			Phase: flaggerv1.PhaseProgressing, CanaryWeight: 10, FailedChecks: 1,
			LastAppliedSpec:  "rev-2",
			TrackedConfigs:   map[string]string{"configmap/b": "2", "configmap/a": "1"},
			LastAnalysisTime: metav1.NewMicroTime(epoch),
		},
	}
}

func gate(url string, edits ...func(*flaggerv1.CanaryWebhook)) flaggerv1.CanaryWebhook {
	w := flaggerv1.CanaryWebhook{Name: "gate", Type: flaggerv1.HookConfirmRollout, URL: url}
	for _, edit := range edits {
		edit(&w)
	}
	return w
}

func hookType(t flaggerv1.HookType) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Type = t }
}

func named(name string) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Name = name }
}

func retries(n int) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Retries = n }
}

// seen is a request as a server got it.
type seen struct {
	Path, Body string
	Header     http.Header
}

// receiver is a server that remembers its requests.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func newReceiver(t *testing.T, h http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(r.record(h))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.Start()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) record(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.seen = append(r.seen, seen{Path: req.URL.Path, Body: string(body), Header: req.Header.Clone()})
		r.mu.Unlock()
		h(w, req)
	}
}

func (r *receiver) requests() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *receiver) paths() []string {
	var paths []string
	for _, s := range r.requests() {
		paths = append(paths, s.Path)
	}
	return paths
}

// byPath answers 200 on /yes and 403 anywhere else.
func byPath(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path != "/yes" {
		http.Error(w, "not yet", http.StatusForbidden)
	}
}

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
