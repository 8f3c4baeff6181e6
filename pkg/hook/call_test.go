package hook_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/hook"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func timeout(d string) func(*flaggerv1.CanaryWebhook) {
	return func(w *flaggerv1.CanaryWebhook) { w.Timeout = d }
}

func ask(t *testing.T, c *hook.Caller, w flaggerv1.CanaryWebhook) rollout.Answer {
	t.Helper()
	return c.Ask(t.Context(), canary(w), w.Type, rollout.PhaseWaiting)
}

func TestAny2xxIsAYesAndNothingElse(t *testing.T) {
	for code := 200; code <= 599; code++ {
		if http.StatusText(code) == "" && code != 299 && code != 599 {
			continue
		}
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(code)
			})
			got := ask(t, newCaller(t), gate(r.URL))
			want := rollout.Fail
			if code < 300 {
				want = rollout.Pass
			}
			if got.Verdict != want {
				t.Errorf("Ask() = %s (%s), want %s", got.Verdict, got.Reason, want)
			}
			if len(r.requests()) != 1 {
				t.Errorf("called %v, want one call", r.paths())
			}
		})
	}
}

func TestWhyARefusalRefused(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		hook    func(url string) flaggerv1.CanaryWebhook
		reason  string
	}{
		"a body becomes one printable line": {
			handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, "\n not\x00\tyet\r\n\u202e ask \xff\xfe ops \n")
			},
			reason: `webhook "gate" (confirm-rollout) answered 403 Forbidden: not yet ask ops`,
		},
		"an empty body is left out": {
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) },
			reason:  `webhook "gate" (confirm-rollout) answered 409 Conflict`,
		},
		"an unknown code stands alone": {
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(599) },
			reason:  `webhook "gate" (confirm-rollout) answered 599`,
		},
		"a redirect is a refusal, whatever it says": {
			handler: func(w http.ResponseWriter, req *http.Request) {
				http.Redirect(w, req, "http://10.0.0.1/secret", http.StatusTemporaryRedirect)
			},
			reason: `webhook "gate" (confirm-rollout) answered 307 Temporary Redirect, and redirects are not followed`,
		},
		"a webhook that hangs": {
			handler: func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() },
			hook:    func(url string) flaggerv1.CanaryWebhook { return gate(url, timeout("30ms")) },
			reason:  `webhook "gate" (confirm-rollout) could not be reached: no answer within 30ms`,
		},
		"each try has the whole timeout": {
			handler: func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() },
			hook:    func(url string) flaggerv1.CanaryWebhook { return gate(url, timeout("30ms"), retries(2)) },
			reason:  `webhook "gate" (confirm-rollout) could not be reached 3 times: no answer within 30ms`,
		},
		"a refusal whose body hangs": {
			handler: func(w http.ResponseWriter, req *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, "no")
				http.NewResponseController(w).Flush()
				<-req.Context().Done()
			},
			hook:   func(url string) flaggerv1.CanaryWebhook { return gate(url, timeout("100ms")) },
			reason: `webhook "gate" (confirm-rollout) answered 403 Forbidden: no`,
		},
		"a connection that closes early": {
			handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			reason:  `webhook "gate" (confirm-rollout) could not be reached: EOF`,
		},
		"a name that does not resolve": {
			hook:   func(string) flaggerv1.CanaryWebhook { return gate("http://no..such/secret-path") },
			reason: `webhook "gate" (confirm-rollout) could not be reached: dial tcp: lookup no..such: no such host`,
		},
		"an address that is none": {
			hook:   func(string) flaggerv1.CanaryWebhook { return gate("http://[::1/secret", retries(3)) },
			reason: `webhook "gate" (confirm-rollout) could not be reached: its url is not valid`,
		},
		"an address of another scheme": {
			hook:   func(string) flaggerv1.CanaryWebhook { return gate("ftp://gate/secret") },
			reason: `webhook "gate" (confirm-rollout) could not be reached: unsupported protocol scheme "ftp"`,
		},
		"the address of cloud metadata": {
			hook:   func(string) flaggerv1.CanaryWebhook { return gate("http://169.254.169.254/latest") },
			reason: `webhook "gate" (confirm-rollout) could not be reached: dial tcp 169.254.169.254:80: address 169.254.169.254 is not allowed: it is reserved for the machine itself`,
		},
		"the metadata address that is not link-local": {
			hook:   func(string) flaggerv1.CanaryWebhook { return gate("http://[fd00:ec2::254]/latest") },
			reason: `webhook "gate" (confirm-rollout) could not be reached: dial tcp [fd00:ec2::254]:80: address fd00:ec2::254 is not allowed: it is reserved for the machine itself`,
		},
		"a name is cut": {
			handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) },
			hook:    func(url string) flaggerv1.CanaryWebhook { return gate(url, named(strings.Repeat("x\n", 100))) },
			reason:  `webhook "` + strings.Repeat("x ", 31) + `x…" (confirm-rollout) answered 409 Conflict`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, tt.handler)
			w := gate(r.URL)
			if tt.hook != nil {
				w = tt.hook(r.URL)
			}
			got := ask(t, newCaller(t), w)
			if got.Verdict != rollout.Fail || got.Reason != tt.reason {
				t.Errorf("Ask() = %s, reason\n%s, want Fail, reason\n%s", got.Verdict, got.Reason, tt.reason)
			}
		})
	}
}

func TestAnAcceptanceCountsBeforeItsBody(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		http.NewResponseController(w).Flush()
		<-req.Context().Done()
	})
	if got := ask(t, newCaller(t), gate(r.URL, timeout("100ms"))); got.Verdict != rollout.Pass {
		t.Errorf("Ask() = %s (%s), want Pass", got.Verdict, got.Reason)
	}
}

func TestRetries(t *testing.T) {
	tests := map[string]struct {
		codes   []int // of the tries in turn, the last for all that follow; 0 hangs up
		retries int
		verdict rollout.Verdict
		reason  string
		pauses  []time.Duration
	}{
		"none without retries":                {codes: []int{503}, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 503 Service Unavailable`},
		"a 5xx is tried again":                {codes: []int{503, 500, 200}, retries: 5, verdict: rollout.Pass, pauses: seconds(1, 2)},
		"too many requests are tried again":   {codes: []int{429, 200}, retries: 1, verdict: rollout.Pass, pauses: seconds(1)},
		"a broken connection is tried again":  {codes: []int{0, 200}, retries: 1, verdict: rollout.Pass, pauses: seconds(1)},
		"a 4xx is an answer":                  {codes: []int{403}, retries: 3, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 403 Forbidden`},
		"not implemented stays so":            {codes: []int{501}, retries: 3, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 501 Not Implemented`},
		"a redirect is an answer":             {codes: []int{302}, retries: 3, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 302 Found, and redirects are not followed`},
		"the pause doubles up to 30 seconds":  {codes: []int{502}, retries: 7, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 502 Bad Gateway 8 times`, pauses: seconds(1, 2, 4, 8, 16, 30, 30)},
		"the last try's answer is the answer": {codes: []int{502, 403}, retries: 7, verdict: rollout.Fail, reason: `webhook "gate" (confirm-rollout) answered 403 Forbidden 2 times`, pauses: seconds(1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int64
			r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
				code := tt.codes[min(int(tries.Add(1)), len(tt.codes))-1]
				if code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
			})
			p := &pauses{}
			caller := newCaller(t, func(o *hook.Options) { o.Wait = p.wait })
			got := ask(t, caller, gate(r.URL, retries(tt.retries)))
			if got.Verdict != tt.verdict || got.Reason != tt.reason {
				t.Errorf("Ask() = %s (%s), want %s (%s)", got.Verdict, got.Reason, tt.verdict, tt.reason)
			}
			if diff := cmp.Diff(tt.pauses, p.got); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
			keys := map[string]bool{}
			for _, s := range r.requests() {
				keys[s.Header.Get("Idempotency-Key")+s.Body] = true
			}
			if len(keys) != 1 {
				t.Errorf("tries differ in key or body: %v", keys)
			}
		})
	}
}

func seconds(s ...int) []time.Duration {
	var all []time.Duration
	for _, n := range s {
		all = append(all, time.Duration(n)*time.Second)
	}
	return all
}
