package hook_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

var rolledBack = rollout.Event{Reason: "RolledBack", Message: "Rolling back: too many errors", Level: rollout.Alarm}

// released returns a Canary whose release was rolled back.
func released() *flaggerv1.Canary {
	c := canary()
	c.Spec.TargetRef = flaggerv1.TargetReference{Kind: "Deployment", Name: "podinfo"}
	c.Status.Phase, c.Status.CanaryWeight, c.Status.FailedChecks = flaggerv1.PhaseFailed, 0, 5
	return c
}

// documentedEvent returns the request that docs/alerts.md shows: its headers and its data.
func documentedEvent(t *testing.T) (headers map[string]string, data any) {
	t.Helper()
	page, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```http\nPOST / HTTP/1.1\n")
	head, rest, _ := strings.Cut(example, "\n\n")
	body, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/alerts.md shows no CloudEvent")
	}
	headers = map[string]string{}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		headers[name] = value
	}
	return headers, decoded(t, body)
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

func TestACloudEventIsAsDocumented(t *testing.T) {
	r := newReceiver(t, ok)
	if err := newCaller(t).CloudEvents(r.URL, "prod").PostEvent(t.Context(), released(), rolledBack, epoch); err != nil {
		t.Fatal(err)
	}
	got := r.requests()[0]
	headers, data := documentedEvent(t)
	for name, want := range headers {
		if diff := cmp.Diff(want, got.Header.Get(name)); diff != "" {
			t.Errorf("%s (-documented +posted):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(data, decoded(t, got.Body)); diff != "" {
		t.Errorf("data (-documented +posted):\n%s\n%s", diff, got.Body)
	}
}

func TestACloudEventIsOneForTheSDK(t *testing.T) {
	r := newReceiver(t, ok)
	if err := newCaller(t).CloudEvents(r.URL, "").PostEvent(t.Context(), released(), rolledBack, epoch); err != nil {
		t.Fatal(err)
	}
	got := r.requests()[0]
	req, err := http.NewRequest(http.MethodPost, r.URL, strings.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = got.Header
	ce, err := binding.ToEvent(t.Context(), cehttp.NewMessageFromHttpRequest(req))
	if err != nil {
		t.Fatal(err)
	}
	if err := ce.Validate(); err != nil {
		t.Error(err)
	}
	if want := "/apis/flagger.app/v1beta1/namespaces/test/canaries/podinfo"; ce.Source() != want {
		t.Errorf("source %s, want %s", ce.Source(), want)
	}
}

func TestASinkThatIsBusyIsAskedAgain(t *testing.T) {
	tests := map[string]struct {
		code  int
		tries int64
		want  string
	}{
		"a 5xx passes by itself": {http.StatusBadGateway, 4, `webhook "cloudevents-sink" (event) answered 502 Bad Gateway 4 times`},
		"a 4xx is an answer":     {http.StatusBadRequest, 1, `webhook "cloudevents-sink" (event) answered 400 Bad Request`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int64
			r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				w.WriteHeader(tt.code)
			})
			err := newCaller(t).CloudEvents(r.URL, "").PostEvent(t.Context(), released(), rolledBack, epoch)
			if err == nil || err.Error() != tt.want || tries.Load() != tt.tries {
				t.Errorf("PostEvent() = %v after %d tries, want %s after %d", err, tries.Load(), tt.want, tt.tries)
			}
			ids := map[string]bool{}
			for _, s := range r.requests() {
				ids[s.Header.Get("Ce-Id")] = true
			}
			if len(ids) != 1 {
				t.Errorf("tries differ in id: %v", ids)
			}
		})
	}
}
