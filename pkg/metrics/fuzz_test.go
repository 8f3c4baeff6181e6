package metrics

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// canned answers every request with the same status and body.
type canned struct {
	status int
	body   []byte
}

func (canned) URL(string, map[string]string) *url.URL { return &url.URL{Scheme: "http", Host: "fuzz"} }

func (c canned) Do(context.Context, *http.Request) (*http.Response, []byte, error) {
	return &http.Response{StatusCode: c.status}, c.body, nil
}

func FuzzAnswer(f *testing.F) {
	for _, tc := range strange {
		if len(tc.body) < 10_000 {
			f.Add(200, []byte(tc.body))
			f.Add(422, []byte(tc.body))
		}
	}
	f.Add(200, []byte(calling("source web 2", "unseen x 1")))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := New(Options{DefaultAddress: "http://fuzz", Now: func() time.Time { return time.Unix(now, 0) }})
		e := a.canaryEndpoint(canary())
		a.clients.byKey[e.key()] = &openClient{api: promv1.NewAPI(strict{canned{status, body}}), host: "fuzz"}

		got := a.check(context.Background(), canary(), inline())
		measured := got.Outcome == analysis.Pass || got.Outcome == analysis.Fail
		switch {
		case got.Outcome == analysis.Unchecked:
			t.Errorf("the check came to nothing: %+v", got)
		case measured != (got.Value != ""):
			t.Errorf("%s with value %q", got.Outcome, got.Value)
		case (got.Outcome == analysis.Pass) != (got.Message == ""):
			t.Errorf("%s with message %q", got.Outcome, got.Message)
		case len(got.Message) > maxMessage || !utf8.ValidString(got.Message):
			t.Errorf("message %q is too long or no text", got.Message)
		case measured && status/100 != 2:
			t.Errorf("a value out of status %d", status)
		}
		if s := a.Silent(context.Background(), canary(), "podinfo"); (s.Verdict == rollout.Pass) != (s.Reason == "") {
			t.Errorf("Silent() = %+v", s)
		}
	})
}
