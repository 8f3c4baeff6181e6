package alert_test

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify/alert"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestTheSeverityIsTheLeastThatIsSent(t *testing.T) {
	levels := map[string]rollout.Level{"info": rollout.Info, "warn": rollout.Warn, "error": rollout.Alarm}
	tests := map[flaggerv1.AlertSeverity][]string{
		"":                      {"error", "info", "warn"},
		flaggerv1.SeverityInfo:  {"error", "info", "warn"},
		flaggerv1.SeverityWarn:  {"error", "warn"},
		flaggerv1.SeverityError: {"error"},
	}
	for least, want := range tests {
		t.Run("severity "+string(least), func(t *testing.T) {
			var got []string
			for name, level := range levels {
				r := newRoom(t, ok)
				c := canary("webhook")
				c.Spec.Analysis.Alerts[0].Severity = least
				e := rollout.Event{Reason: "Succeeded", Message: "m", Level: level}
				if err := sender(t, []client.Object{provider("webhook", r.URL)}).Alert(t.Context(), c, e, epoch); err != nil {
					t.Fatal(err)
				}
				if len(r.requests()) > 0 {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsWorthAnAlert(t *testing.T) {
	tests := map[string]struct {
		event rollout.Event
		want  bool
	}{
		"a Canary is initialised":         {rollout.Event{Reason: "Initialized"}, true},
		"a new revision":                  {rollout.Event{Reason: "NewRevision"}, true},
		"a promotion has ended":           {rollout.Event{Reason: "Succeeded"}, true},
		"the target went back":            {rollout.Event{Reason: "Returned"}, true},
		"a failed promotion goes on":      {rollout.Event{Reason: "PromotionResumed"}, true},
		"a gate says no":                  {rollout.Event{Reason: "WaitingForApproval", Level: rollout.Warn}, true},
		"an analysis fails":               {rollout.Event{Reason: "Halted", Level: rollout.Warn}, true},
		"metrics cannot be asked":         {rollout.Event{Reason: "MetricsUnavailable", Level: rollout.Warn}, true},
		"the canary lost its pods":        {rollout.Event{Reason: "CanaryLost", Level: rollout.Warn}, true},
		"a release is rolled back":        {rollout.Event{Reason: "RolledBack", Level: rollout.Alarm}, true},
		"a promotion fails":               {rollout.Event{Reason: "PromotionFailed", Level: rollout.Alarm}, true},
		"the spec is refused":             {rollout.Event{Reason: "InvalidSpec", Level: rollout.Warn}, true},
		"something bad that is new to us": {rollout.Event{Reason: "Unheard", Level: rollout.Warn}, true},
		"a step is not":                   {rollout.Event{Reason: "Advanced"}, false},
		"the way back is not":             {rollout.Event{Reason: "Returning"}, false},
		"the beginning of one is not":     {rollout.Event{Reason: "Initializing"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, ok)
			if err := sender(t, []client.Object{provider("webhook", r.URL)}).Alert(t.Context(), canary("webhook"), tt.event, epoch); err != nil {
				t.Fatal(err)
			}
			if got := len(r.requests()) > 0; got != tt.want {
				t.Errorf("sent: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestAMutedGateWaitsInSilence(t *testing.T) {
	hook := func(kind flaggerv1.HookType, mute bool) flaggerv1.CanaryWebhook {
		return flaggerv1.CanaryWebhook{Name: "gate", Type: kind, MuteAlert: mute}
	}
	no := func(gate rollout.Kind) rollout.Event {
		return rollout.Event{Reason: "WaitingForApproval", Level: rollout.Warn, Gate: gate}
	}
	tests := map[string]struct {
		hooks []flaggerv1.CanaryWebhook
		event rollout.Event
		sent  bool
	}{
		"confirm-rollout":              {hooks: []flaggerv1.CanaryWebhook{hook("confirm-rollout", true)}, event: no(rollout.AskConfirmRollout)},
		"confirm-traffic-increase":     {hooks: []flaggerv1.CanaryWebhook{hook("confirm-traffic-increase", true)}, event: no(rollout.AskConfirmTraffic)},
		"confirm-promotion":            {hooks: []flaggerv1.CanaryWebhook{hook("confirm-promotion", true)}, event: no(rollout.AskConfirmPromotion)},
		"a gate that is not muted":     {hooks: []flaggerv1.CanaryWebhook{hook("confirm-rollout", false)}, event: no(rollout.AskConfirmRollout), sent: true},
		"another gate is muted":        {hooks: []flaggerv1.CanaryWebhook{hook("confirm-rollout", false), hook("confirm-promotion", true)}, event: no(rollout.AskConfirmRollout), sent: true},
		"one of two of the same is":    {hooks: []flaggerv1.CanaryWebhook{hook("confirm-rollout", true), hook("confirm-rollout", false)}, event: no(rollout.AskConfirmRollout), sent: true},
		"what else happens is not it":  {hooks: []flaggerv1.CanaryWebhook{hook("confirm-rollout", true)}, event: rollout.Event{Reason: "RolledBack", Level: rollout.Alarm}, sent: true},
		"no hook of the type is known": {event: no(rollout.AskConfirmRollout), sent: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, ok)
			c := canary("webhook")
			c.Spec.Analysis.Webhooks = tt.hooks
			if err := sender(t, []client.Object{provider("webhook", r.URL)}).Alert(t.Context(), c, tt.event, epoch); err != nil {
				t.Fatal(err)
			}
			if got := len(r.requests()) > 0; got != tt.sent {
				t.Errorf("sent: %t, want %t", got, tt.sent)
			}
		})
	}
}

func TestTheInstallationsReceiversAreForCanariesWithoutAlerts(t *testing.T) {
	own, global := newRoom(t, ok), newRoom(t, ok)
	s := sender(t, []client.Object{provider("slack", own.URL+"/own")}, func(o *alert.Options) {
		o.Global = []alert.Receiver{{Type: "slack", Address: global.URL + "/a"}, {Type: "msteams", Address: global.URL + "/b"}}
	})
	for _, c := range []*flaggerv1.Canary{canary(), canary("slack")} {
		if err := s.Alert(t.Context(), c, begun, epoch); err != nil {
			t.Fatal(err)
		}
	}
	got := global.paths()
	slices.Sort(got)
	if diff := cmp.Diff([]string{"/a", "/b"}, got); diff != "" {
		t.Errorf("installation's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/own"}, own.paths()); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
}

func TestASecretHoldsAddressAndToken(t *testing.T) {
	r := newRoom(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true}`)) })
	s := sender(t, []client.Object{provider("slack", "", withSecret), secret(map[string]string{"address": r.URL + "/api\n", "token": "xoxb-1\n"})})
	if err := s.Alert(t.Context(), canary("slack"), begun, epoch); err != nil {
		t.Fatal(err)
	}
	if got := r.requests()[0]; got.path != "/api" || got.authorization != "Bearer xoxb-1" {
		t.Errorf("posted to %s with %q", got.path, got.authorization)
	}
}

func TestAProvidersProxyIsUsed(t *testing.T) {
	r := newRoom(t, ok)
	s := sender(t, []client.Object{provider("slack", "http://chat.example/room", func(p *flaggerv1.AlertProvider) { p.Spec.Proxy = r.URL })})
	if err := s.Alert(t.Context(), canary("slack"), begun, epoch); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/room"}, r.paths()); diff != "" {
		t.Errorf("the proxy was asked for (-want +got):\n%s", diff)
	}
}

func TestABusyRoomIsAskedAgain(t *testing.T) {
	tests := map[string]struct {
		codes []int // of the tries in turn, the last for all that follow; 0 hangs up
		tries int
		err   string
	}{
		"a 5xx":                {codes: []int{503, 200}, tries: 2},
		"too many requests":    {codes: []int{429, 429, 200}, tries: 3},
		"a broken connection":  {codes: []int{0, 200}, tries: 2},
		"four times at most":   {codes: []int{500}, tries: 4, err: "AlertProvider test/slack (slack) answered 500 Internal Server Error 4 times"},
		"a 4xx is an answer":   {codes: []int{403}, tries: 1, err: "AlertProvider test/slack (slack) answered 403 Forbidden"},
		"a redirect is no way": {codes: []int{302}, tries: 1, err: "AlertProvider test/slack (slack) answered 302 Found, and redirects are not followed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int64
			r := newRoom(t, func(w http.ResponseWriter, _ *http.Request) {
				code := tt.codes[min(int(tries.Add(1)), len(tt.codes))-1]
				if code == 0 {
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(code)
			})
			err := sender(t, []client.Object{provider("slack", r.URL)}).Alert(t.Context(), canary("slack"), begun, epoch)
			if got := errorText(err); got != tt.err || tries.Load() != int64(tt.tries) {
				t.Errorf("Alert() = %q after %d tries, want %q after %d", got, tries.Load(), tt.err, tt.tries)
			}
		})
	}
}

func TestWhatCannotBeSentIsSaid(t *testing.T) {
	tests := map[string]struct {
		objects []client.Object
		edit    func(*alert.Options)
		want    string
	}{
		"no such provider": {want: `alert "on slack": AlertProvider test/slack does not exist`},
		"no such Secret": {
			objects: []client.Object{provider("slack", "", withSecret)},
			want:    `alert "on slack": AlertProvider test/slack (slack): Secret test/access does not exist`,
		},
		"a Secret without an address": {
			objects: []client.Object{provider("slack", "", withSecret), secret(map[string]string{"token": "t"})},
			want:    `alert "on slack": AlertProvider test/slack (slack): Secret test/access has no key address`,
		},
		"an address that is none": {
			objects: []client.Object{provider("slack", "secret-room")},
			want:    `AlertProvider test/slack (slack): its address is not an http or https URL`,
		},
		"a proxy that is none": {
			objects: []client.Object{provider("slack", "http://room", func(p *flaggerv1.AlertProvider) { p.Spec.Proxy = "3128" })},
			want:    `AlertProvider test/slack (slack): its proxy is not a URL such as http://proxy:3128`,
		},
		"a type from a newer definition": {
			objects: []client.Object{provider("slack", "http://room", func(p *flaggerv1.AlertProvider) { p.Spec.Type = "pager" })},
			want:    `AlertProvider test/slack (pager) has type "pager", which is not known`,
		},
		"the machine itself": {
			objects: []client.Object{provider("slack", "http://127.0.0.1:1/secret")},
			edit: func(o *alert.Options) {
				o.AllowLoopback = false
			},
			want: `AlertProvider test/slack (slack) could not be reached 4 times: dial tcp 127.0.0.1:1: address 127.0.0.1 is not allowed: it is reserved for the machine itself`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var edits []func(*alert.Options)
			if tt.edit != nil {
				edits = append(edits, tt.edit)
			}
			err := sender(t, tt.objects, edits...).Alert(t.Context(), canary("slack"), begun, epoch)
			if got := errorText(err); got != tt.want {
				t.Errorf("Alert() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAProviderOfAnotherNamespace(t *testing.T) {
	for name, forbidden := range map[string]bool{"is used": false, "is refused where that is not allowed": true} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, ok)
			p := provider("slack", r.URL)
			p.Namespace = "ops"
			c := canary("slack")
			c.Spec.Analysis.Alerts[0].ProviderRef.Namespace = "ops"
			s := sender(t, []client.Object{p}, func(o *alert.Options) { o.NoCrossNamespaceRefs = forbidden })
			err := s.Alert(t.Context(), c, begun, epoch)
			if refused := strings.Contains(errorText(err), "AlertProvider ops/slack is in another namespace"); refused != forbidden || (len(r.requests()) == 0) != forbidden {
				t.Errorf("Alert() = %v with %d requests", err, len(r.requests()))
			}
		})
	}
}

func TestOneProvidersFailureIsNotTheOthers(t *testing.T) {
	r := newRoom(t, ok)
	s := sender(t, []client.Object{provider("webhook", r.URL)})
	err := s.Alert(t.Context(), canary("missing", "webhook"), begun, epoch)
	if err == nil || len(r.requests()) != 1 {
		t.Errorf("Alert() = %v with %d requests, want an error and 1 request", err, len(r.requests()))
	}
}

func TestSlacksAPISaysWhetherItTookAnAlert(t *testing.T) {
	tests := map[string]struct{ answer, want string }{
		"yes":        {answer: `{"ok":true,"ts":"1"}`},
		"no":         {answer: `{"ok":false,"error":"channel_not_found"}`, want: "AlertProvider test/slack (slack) refused the alert: channel_not_found"},
		"no JSON":    {answer: `ok`, want: "AlertProvider test/slack (slack) answered 200 OK without saying whether it took the alert"},
		"not a word": {answer: `{}`, want: "AlertProvider test/slack (slack) refused the alert: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tt.answer)) })
			s := sender(t, []client.Object{provider("slack", "", withSecret), secret(map[string]string{"address": r.URL, "token": "t"})})
			if got := errorText(s.Alert(t.Context(), canary("slack"), begun, epoch)); got != tt.want {
				t.Errorf("Alert() = %q, want %q", got, tt.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
