package hook_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/hook"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func ok(http.ResponseWriter, *http.Request) {}

func metadata(m map[string]string) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Metadata = m }
}

func TestWhatAGateIsSent(t *testing.T) {
	r := newReceiver(t, ok)
	c := canary(
		gate(r.URL+"/path", named("gate één"), metadata(map[string]string{"cmd": "hey http://podinfo", "b": "2"})),
		gate(r.URL),
	)
	newCaller(t).Ask(t.Context(), c, flaggerv1.HookConfirmRollout, rollout.PhaseWaiting)

	header := func(key string) http.Header {
		return http.Header{
			"Accept-Encoding": nil, "Content-Type": {"application/json"},
			"Idempotency-Key": {key}, "User-Agent": {"linnet/v0"},
		}
	}
	want := []seen{
		{
			Path:   "/path",
			Body:   `{"name":"podinfo","namespace":"test","phase":"Waiting","checksum":"6811767832d3307f","metadata":{"b":"2","cmd":"hey http://podinfo"}}`,
			Header: header("uid-1/6811767832d3307f/confirm-rollout/0-gate%20%C3%A9%C3%A9n/10/1/0/1772366400000000"),
		},
		{
			Path:   "/",
			Body:   `{"name":"podinfo","namespace":"test","phase":"Waiting","checksum":"6811767832d3307f"}`,
			Header: header("uid-1/6811767832d3307f/confirm-rollout/1-gate/10/1/0/1772366400000000"),
		},
	}
	got := r.requests()
	for i := range got {
		got[i].Header.Del("Content-Length")
		got[i].Header["Accept-Encoding"] = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestTheKeyTellsOneAskingFromAnother(t *testing.T) {
	tests := map[string]struct {
		edit func(*flaggerv1.Canary)
		same bool
	}{
		"a repeated call":          {edit: func(*flaggerv1.Canary) {}, same: true},
		"another message":          {edit: func(c *flaggerv1.Canary) { c.Status.Message = "waits" }, same: true},
		"another Canary":           {edit: func(c *flaggerv1.Canary) { c.UID = "uid-2" }},
		"another revision":         {edit: func(c *flaggerv1.Canary) { c.Status.LastAppliedSpec = "rev-3" }},
		"another configuration":    {edit: func(c *flaggerv1.Canary) { c.Status.TrackedConfigs["configmap/a"] = "9" }},
		"another weight":           {edit: func(c *flaggerv1.Canary) { c.Status.CanaryWeight = 20 }},
		"another failure":          {edit: func(c *flaggerv1.Canary) { c.Status.FailedChecks = 2 }},
		"another iteration":        {edit: func(c *flaggerv1.Canary) { c.Status.Iterations = 1 }},
		"the next round of a gate": {edit: func(c *flaggerv1.Canary) { c.Status.LastAnalysisTime = metav1.NewMicroTime(epoch.Add(time.Minute)) }},
		"the first round of all":   {edit: func(c *flaggerv1.Canary) { c.Status.LastAnalysisTime = metav1.MicroTime{} }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, ok)
			caller := newCaller(t)
			before, after := canary(gate(r.URL)), canary(gate(r.URL))
			tt.edit(after)
			caller.Ask(t.Context(), before, flaggerv1.HookConfirmRollout, rollout.PhaseWaiting)
			caller.Ask(t.Context(), after, flaggerv1.HookConfirmRollout, rollout.PhaseWaiting)
			got := r.requests()
			first, second := got[0].Header.Get("Idempotency-Key"), got[1].Header.Get("Idempotency-Key")
			if (first == second) != tt.same {
				t.Errorf("keys %s and %s, want same: %t", first, second, tt.same)
			}
		})
	}
}

func TestWhatAnEventReceiverIsSent(t *testing.T) {
	tests := map[string]struct {
		level    rollout.Level
		metadata map[string]string
		want     string
	}{
		"an event": {
			want: `{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"6811767832d3307f",` +
				`"metadata":{"eventMessage":"Advance canary weight 10","eventType":"Normal","timestamp":"1772366400123"}}`,
		},
		"a warning": {
			level: rollout.Warn,
			want: `{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"6811767832d3307f",` +
				`"metadata":{"eventMessage":"Advance canary weight 10","eventType":"Warning","timestamp":"1772366400123"}}`,
		},
		"an alarm is a warning, and the receiver's own metadata hides nothing": {
			level:    rollout.Alarm,
			metadata: map[string]string{"team": "a", "eventMessage": "x", "eventType": "x", "timestamp": "x"},
			want: `{"name":"podinfo","namespace":"test","phase":"Progressing","checksum":"6811767832d3307f",` +
				`"metadata":{"eventMessage":"Advance canary weight 10","eventType":"Warning","team":"a","timestamp":"1772366400123"}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, ok)
			w := gate(r.URL, hookType(flaggerv1.HookEvent), metadata(tt.metadata))
			e := rollout.Event{Reason: "Advanced", Message: "Advance canary weight 10", Level: tt.level}
			if err := newCaller(t).PostEvent(t.Context(), canary(w), e, epoch.Add(123*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			got := r.requests()[0]
			if got.Body != tt.want {
				t.Errorf("body\n%s, want\n%s", got.Body, tt.want)
			}
			if key, want := got.Header.Get("Idempotency-Key"), "uid-1/6811767832d3307f/event/0/Advanced/1772366400123"; key != want {
				t.Errorf("key %s, want %s", key, want)
			}
			if tt.metadata != nil && w.Metadata["eventType"] != "x" {
				t.Error("the Canary's own metadata was changed")
			}
		})
	}
}

func TestWhoIsSentAnEvent(t *testing.T) {
	event := hookType(flaggerv1.HookEvent)
	tests := map[string]struct {
		global  string
		hooks   func(url string) []flaggerv1.CanaryWebhook
		paths   []string
		wantErr string
	}{
		"nobody when nobody is named": {
			hooks: func(url string) []flaggerv1.CanaryWebhook { return []flaggerv1.CanaryWebhook{gate(url + "/gate")} },
		},
		"the global receiver when the Canary has none": {
			global: "/yes",
			hooks:  func(url string) []flaggerv1.CanaryWebhook { return []flaggerv1.CanaryWebhook{gate(url + "/gate")} },
			paths:  []string{"/yes"},
		},
		"the Canary's own receivers in place of the global one, whoever refuses": {
			global: "/global",
			hooks: func(url string) []flaggerv1.CanaryWebhook {
				return []flaggerv1.CanaryWebhook{gate(url+"/no", event, named("a")), gate(url+"/yes", event), gate(url+"/no", event, named("b"))}
			},
			paths: []string{"/no", "/yes", "/no"},
			wantErr: `webhook "a" (event) answered 403 Forbidden: not yet` + "\n" +
				`webhook "b" (event) answered 403 Forbidden: not yet`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, byPath)
			caller := newCaller(t, func(o *hook.Options) {
				if tt.global != "" {
					o.EventURL = r.URL + tt.global
				}
			})
			var message string
			if err := caller.PostEvent(t.Context(), canary(tt.hooks(r.URL)...), rollout.Event{Reason: "Advanced"}, epoch); err != nil {
				message = err.Error()
			}
			if message != tt.wantErr {
				t.Errorf("PostEvent() = %q, want %q", message, tt.wantErr)
			}
			if diff := cmp.Diff(tt.paths, r.paths()); diff != "" {
				t.Errorf("called (-want +got):\n%s", diff)
			}
		})
	}
}
