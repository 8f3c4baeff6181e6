package framework

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestASampleTellsWhoAnswered(t *testing.T) {
	body := []byte(`{"hostname": "podinfo-primary-7f-abc", "version": "6.0.0", "revision": "x"}`)
	canaryBody := []byte(`{"hostname": "podinfo-7f-abc", "version": "6.0.1"}`)
	route := func(cluster, peer string) http.Header {
		return http.Header{http.CanonicalHeaderKey(ClusterHeader): {cluster}, http.CanonicalHeaderKey(PeerHeader): {peer}}
	}
	const toCanary = "outbound|9898||podinfo-canary.test.svc.cluster.local"
	const toPrimary = "outbound|9898||podinfo-primary.test.svc.cluster.local"
	known := func(peer string) (string, string) {
		if peer == "10.1.1.1:9898" {
			return "podinfo-6c-xyz", "6.0.9-errors"
		}
		return "", ""
	}
	cases := map[string]struct {
		reply Reply
		want  Responder
	}{
		"podinfo says that it is the primary":                {Reply{Code: 200, Body: body}, Responder{Primary, "6.0.0"}},
		"podinfo says that it is the target":                 {Reply{Code: 200, Body: canaryBody}, Responder{Canary, "6.0.1"}},
		"an error of a known pod":                            {Reply{Code: 500, Header: route(toCanary, "10.1.1.1:9898")}, Responder{Canary, "6.0.9-errors"}},
		"an error of an unknown pod is told by the route":    {Reply{Code: 500, Header: route(toCanary, "10.1.1.2:9898")}, Responder{Canary, ""}},
		"an error of the primary":                            {Reply{Code: 500, Header: route(toPrimary, "10.1.1.3:9898")}, Responder{Primary, ""}},
		"a canary without endpoints is nobody's answer":      {Reply{Code: 503, Header: route(toCanary, "-")}, Responder{Nobody, ""}},
		"a primary without endpoints is nobody's either":     {Reply{Code: 503, Header: route(toPrimary, "")}, Responder{Nobody, ""}},
		"no route at all is nobody's answer":                 {Reply{Code: 404}, Responder{Nobody, ""}},
		"a fault is nobody's answer":                         {Reply{Fault: "timeout"}, Responder{Nobody, ""}},
		"an error's body does not count, it could be anyone": {Reply{Code: 503, Body: body}, Responder{Nobody, ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := LoadConfig{Who: known}.sampleOf(c.reply)
			if got := (Responder{s.Side(), s.Version}); got != c.want {
				t.Errorf("answered by %v, want %v", got, c.want)
			}
		})
	}
}

func TestATallyIsCutByTheTimeARequestBegan(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tally := newTally(start)
	for _, second := range []int{3, 2, 1, 0} { // in the order in which they end
		took := time.Duration(4-second) * 10 * time.Second
		tally.add(Sample{Began: start.Add(time.Duration(second) * time.Second), Code: 200 + second, Took: took})
	}
	cases := map[string]struct {
		from, until int
		want        map[string]int
	}{
		"the start belongs to the window, the end does not": {1, 3, map[string]int{"201": 1, "202": 1}},
		"a request that ended first may have begun last":    {3, -1, map[string]int{"203": 1}},
		"zero times are no limits":                          {-1, -1, map[string]int{"200": 1, "201": 1, "202": 1, "203": 1}},
	}
	at := func(second int) time.Time {
		if second < 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(second) * time.Second)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tally.Between(at(c.from), at(c.until)).Answers; !cmp.Equal(got, c.want) {
				t.Errorf("Between() = %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheCountKeepsStepWithTheSamples(t *testing.T) {
	tally := newTally(time.Now())
	for _, code := range []int{200, 500, 404, 200} {
		tally.add(Sample{Code: code})
	}
	if sent, failed := tally.Count(); sent != 4 || failed != 2 {
		t.Errorf("Count() = %d, %d; want 4, 2", sent, failed)
	}
}

func TestAWindowSumsUpSidesAndVersions(t *testing.T) {
	w := WindowOf([]Sample{
		{Code: 200, Pod: "podinfo-primary-1", Version: "6.0.0", Took: 30 * time.Millisecond},
		{Code: 200, Pod: "podinfo-primary-1", Version: "6.0.0", Took: 10 * time.Millisecond},
		{Code: 200, Pod: "podinfo-1", Version: "6.0.1", Took: 20 * time.Millisecond},
		{Code: 500, Pod: "podinfo-1", Version: "6.0.1", Took: 20 * time.Millisecond},
		{Fault: "dial"},
	})
	canary := w.Side(Canary)
	if rate, ok := canary.SuccessRate(); !ok || rate != 50 || canary.Requests != 2 || canary.Failed != 1 {
		t.Errorf("canary: %d requests, %d failed, %v %% success; want 2, 1, 50", canary.Requests, canary.Failed, rate)
	}
	if got := w.By[Responder{Primary, "6.0.0"}].Quantile(0.5); got != 10*time.Millisecond {
		t.Errorf("half of 6.0.0's answers within %s, want 10 ms", got)
	}
	if _, ok := w.Version("6.0.2").SuccessRate(); ok {
		t.Error("a version without requests has a success rate")
	}
	if got := w.Side(Primary); got.Quantile(0.5) != 10*time.Millisecond || got.Quantile(1) != 30*time.Millisecond {
		t.Errorf("quantiles of 10 and 30 ms = %s, %s", got.Quantile(0.5), got.Quantile(1))
	}
	const want = "6.0.0 (primary) 2, 6.0.1 (canary) 2, nobody 1"
	if got := w.Answered(); got != want {
		t.Errorf("Answered() = %q, want %q", got, want)
	}
}
