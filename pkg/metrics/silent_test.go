package metrics

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// calling is an answer that says who called how often: "reporter sender count".
func calling(callers ...string) string {
	samples := make([]string, len(callers))
	for i, c := range callers {
		f := strings.Fields(c)
		samples[i] = fmt.Sprintf(`{"metric":{"reporter":%q,"source_workload":%q},"value":[%d,%q]}`, f[0], f[1], now, f[2])
	}
	return success("vector", "["+strings.Join(samples, ",")+"]")
}

func TestSilent(t *testing.T) {
	tests := map[string]struct {
		answer     string
		want       rollout.Verdict
		wantReason string
	}{
		"no series is silence": {calling(), rollout.Pass, ""},
		"one caller": {
			calling("source istio-ingressgateway 3"), rollout.Fail, "podinfo-primary still got 3 requests lately from istio-ingressgateway",
		},
		"a part of a request is one": {
			calling("source istio-ingressgateway 0.2"), rollout.Fail, "podinfo-primary still got 1 request lately from istio-ingressgateway",
		},
		"both ends report the same requests": {
			calling("source istio-ingressgateway 3", "destination unknown 3.3"), rollout.Fail,
			"podinfo-primary still got 4 requests lately from istio-ingressgateway",
		},
		"several callers in order": {
			calling("source web 2", "source api 1", "waypoint mesh 1"), rollout.Fail, "podinfo-primary still got 3 requests lately from api, mesh, web",
		},
		"callers without a name": {
			calling("destination unknown 2"), rollout.Fail, "podinfo-primary still got 2 requests lately from callers without a name",
		},
		"a series without labels": {
			vector("2"), rollout.Fail, "podinfo-primary still got 2 requests lately from callers without a name",
		},
		"series without samples are not silence": {
			calling("unseen unknown 4"), rollout.Error,
			"whether podinfo-primary still gets requests is not known: Prometheus has no two samples of its 4 series in the last 1m",
		},
		"requests that were seen count beside series that were not": {
			calling("unseen unknown 4", "source web 2"), rollout.Fail, "podinfo-primary still got 2 requests lately from web",
		},
		"a number that is none": {
			vector("NaN"), rollout.Error, "whether podinfo-primary still gets requests is not known: the number of requests is NaN",
		},
		"a scalar": {
			success("scalar", `[1700000000,"0"]`), rollout.Error, "whether podinfo-primary still gets requests is not known: the query returned a scalar instead of a vector",
		},
		"a stale answer": {
			success("vector", `[{"metric":{},"value":[1699990000,"4"]}]`), rollout.Error,
			"whether podinfo-primary still gets requests is not known: the newest sample is 2h46m40s old",
		},
		"a provider's error": {
			`{"status":"error","error":"boom"}`, rollout.Error, "whether podinfo-primary still gets requests is not known: Prometheus at HOST answered: boom",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answering(tc.answer))
			got := analyst(t, p.URL).Silent(context.Background(), canary(), "podinfo-primary")
			want := rollout.Answer{
				Verdict: tc.want, At: time.Unix(now, 0),
				Reason: strings.ReplaceAll(tc.wantReason, "HOST", p.Listener.Addr().String()),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Silent() (-want +got):\n%s", diff)
			}
			if q := p.asked()[0].FormValue("query"); q != requestsTo("test", "podinfo-primary", DefaultSilenceWindow) {
				t.Errorf("asked %s", q)
			}
		})
	}
}

func TestLoadTestsOfTheCanaryAreNoUsers(t *testing.T) {
	c := canary()
	c.Spec.Analysis.Webhooks = []flaggerv1.CanaryWebhook{
		{Name: "load", URL: "http://tester.test/", Metadata: map[string]string{"cmd": "hey -z 1m http://podinfo-canary.test/"}},
		{Name: "gate", URL: "http://web.test/gate/approve", Type: flaggerv1.HookConfirmPromotion},
	}
	for calls, want := range map[string]rollout.Verdict{
		"source tester 50": rollout.Pass, "source web 1": rollout.Fail,
		"destination unknown 60": rollout.Pass, "destination unknown 90": rollout.Fail,
	} {
		p := newPrometheus(t, answering(calling(calls, "source tester 50")))
		if got := analyst(t, p.URL).Silent(context.Background(), c, "podinfo"); got.Verdict != want {
			t.Errorf("%s: %s (%s), want %s", calls, got.Verdict, got.Reason, want)
		}
	}
}

func TestSilenceOfAHangingServerIsNotKnown(t *testing.T) {
	p := newPrometheus(t, half)
	a := analyst(t, p.URL)
	a.Timeout = 100 * time.Millisecond
	got := a.Silent(context.Background(), canary(), "podinfo")
	if got.Verdict != rollout.Error || !strings.Contains(got.Reason, "did not answer within 100ms") {
		t.Errorf("Silent() = %s %q, want an error after 100ms", got.Verdict, got.Reason)
	}
}

func TestSilenceOfTCPConnections(t *testing.T) {
	requests := requestsTo("test", "podinfo-primary", DefaultSilenceWindow)
	fresh := connectionsTo("test", "podinfo-primary", DefaultSilenceWindow)
	open := openTo("test", "podinfo-primary")
	tests := map[string]struct {
		protocol   string
		answers    map[string]string
		want       rollout.Verdict
		wantReason string
	}{
		"no connection is silence": {"TCP", nil, rollout.Pass, ""},
		"a new connection": {
			"tcp", map[string]string{fresh: calling("destination web 2")}, rollout.Fail, "podinfo-primary still got 2 new connections lately from web",
		},
		"a connection that stays open": {
			"tcp", map[string]string{open: calling("source web 1", "destination web 1")}, rollout.Fail, "podinfo-primary still has 1 open connection from web",
		},
		"requests count as well": {
			"tcp", map[string]string{requests: calling("source web 2")}, rollout.Fail, "podinfo-primary still got 2 requests lately from web",
		},
		"connections without recent samples are not silence": {
			"tcp",
			map[string]string{fresh: calling("unseen unknown 4")},
			rollout.Error,
			"whether podinfo-primary still gets requests is not known: Prometheus has no two samples of its 4 series in the last 1m",
		},
		"connections are not asked for without TCP": {"http", map[string]string{open: calling("source web 1")}, rollout.Pass, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answeringQueries(tc.answers, calling()))
			c := canary()
			c.Spec.Service.AppProtocol = tc.protocol
			got := analyst(t, p.URL).Silent(context.Background(), c, "podinfo-primary")
			want := rollout.Answer{Verdict: tc.want, At: time.Unix(now, 0), Reason: tc.wantReason}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Silent() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSilenceWithoutAMeshIsNotKnown(t *testing.T) {
	p := newPrometheus(t, answering(calling()))
	a := analyst(t, p.URL)
	a.DefaultProvider = "kubernetes"
	got := a.Silent(context.Background(), canary(), "podinfo")
	want := "whether podinfo still gets requests is not known: provider kubernetes has no proxies that count them"
	if got.Verdict != rollout.Error || got.Reason != want {
		t.Errorf("Silent() = %s %q, want an error %q", got.Verdict, got.Reason, want)
	}
	if n := len(p.asked()); n > 0 {
		t.Errorf("Prometheus was asked %d times", n)
	}
}
