package alert_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/notify/alert"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

var begun = rollout.Event{Reason: "NewRevision", Message: "New revision detected: the canary is scaled up"}

// documented returns the JSON under a provider's heading of docs/alerts.md.
func documented(t *testing.T, kind string) any {
	t.Helper()
	page, err := os.ReadFile("../../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n### "+kind+"\n")
	_, example, fenced := strings.Cut(section, "```json\n")
	example, _, closed := strings.Cut(example, "```")
	if !found || !fenced || !closed {
		t.Fatalf("docs/alerts.md has no example under ### %s", kind)
	}
	return decode(t, example)
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestEachProviderGetsWhatIsDocumented(t *testing.T) {
	tests := map[string]struct{ address, path string }{
		"slack":   {"/services/T1/B1/x", "/services/T1/B1/x"},
		"discord": {"/api/webhooks/1/x", "/api/webhooks/1/x/slack"},
		"rocket":  {"/hooks/x", "/hooks/x"},
		"msteams": {"/workflows/x", "/workflows/x"},
		"gchat":   {"/v1/spaces/x/messages", "/v1/spaces/x/messages"},
		"webhook": {"/alerts", "/alerts"},
	}
	for kind, tt := range tests {
		t.Run(kind, func(t *testing.T) {
			r := newRoom(t, ok)
			s := sender(t, []client.Object{provider(kind, r.URL+tt.address)}, func(o *alert.Options) { o.Cluster = "prod" })
			if err := s.Alert(t.Context(), canary(kind), begun, epoch); err != nil {
				t.Fatal(err)
			}
			got := r.requests()[0]
			if got.path != tt.path || got.contentType != "application/json" || got.authorization != "" {
				t.Errorf("posted %s to %s with authorization %q", got.contentType, got.path, got.authorization)
			}
			if diff := cmp.Diff(documented(t, kind), decode(t, got.body)); diff != "" {
				t.Errorf("docs/alerts.md and the payload differ (-documented +posted):\n%s\n%s", diff, got.body)
			}
		})
	}
}

func TestDiscordsAddressMayNameTheForm(t *testing.T) {
	r := newRoom(t, ok)
	s := sender(t, []client.Object{provider("discord", r.URL+"/api/webhooks/1/x/slack?wait=true")})
	if err := s.Alert(t.Context(), canary("discord"), begun, epoch); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"/api/webhooks/1/x/slack"}, r.paths()); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestAMessageIsNoMarkup(t *testing.T) {
	tests := map[string]string{
		"slack": `"text":"\u0026lt;!channel\u0026gt; \u0026amp; all"`,
		"gchat": `"text":"\u0026lt;!channel\u0026gt; \u0026amp; all"`,
	}
	for kind, want := range tests {
		t.Run(kind, func(t *testing.T) {
			r := newRoom(t, ok)
			s := sender(t, []client.Object{provider(kind, r.URL)})
			e := rollout.Event{Reason: "Halted", Message: "<!channel> & all", Level: rollout.Warn}
			if err := s.Alert(t.Context(), canary(kind), e, epoch); err != nil {
				t.Fatal(err)
			}
			if got := r.requests()[0].body; !strings.Contains(got, want) {
				t.Errorf("posted %s, want %s in it", got, want)
			}
		})
	}
}
