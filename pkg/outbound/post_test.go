package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linnet-delivery/linnet/pkg/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// poster returns a Poster that may reach the tests' servers, and the pauses that it makes.
func poster(t *testing.T, o outbound.Options) (outbound.Poster, *[]time.Duration) {
	t.Helper()
	o.AllowLoopback = true
	pauses := &[]time.Duration{}
	client := outbound.NewClient(o)
	t.Cleanup(client.CloseIdleConnections)
	return outbound.Poster{Client: client, Wait: func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}}, pauses
}

func TestAPauseIsAsLongAsTheServerAsks(t *testing.T) {
	tests := map[string]struct {
		after string
		want  []time.Duration
	}{
		"no header":                           {want: []time.Duration{time.Second}},
		"seconds":                             {after: "7", want: []time.Duration{7 * time.Second}},
		"less than the pause":                 {after: "0", want: []time.Duration{time.Second}},
		"longer than anybody waits":           {after: "3600", want: []time.Duration{30 * time.Second}},
		"a date, which is no number":          {after: "Wed, 21 Oct 2026 07:28:00 GMT", want: []time.Duration{time.Second}},
		"a number that no clock could reckon": {after: "99999999999999999999", want: []time.Duration{time.Second}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", tt.after)
				w.WriteHeader(http.StatusTooManyRequests)
			}))
			defer srv.Close()
			p, pauses := poster(t, outbound.Options{})
			r := p.Send(t.Context(), outbound.Post{URL: srv.URL, Timeout: time.Minute, Retries: 1})
			if r.Accepted() || r.Tries != 2 {
				t.Errorf("Send() = %s after %d tries, want a refusal after 2", r.Status(), r.Tries)
			}
			if diff := cmp.Diff(tt.want, *pauses); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAProxyCarriesTheRequest(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { asked = req.URL.String() }))
	defer proxy.Close()
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := poster(t, outbound.Options{Proxy: at})
	r := p.Send(t.Context(), outbound.Post{URL: "http://chat.example/room", Timeout: time.Minute})
	if !r.Accepted() || asked != "http://chat.example/room" {
		t.Errorf("Send() = %s, the proxy was asked for %q", r.Status(), asked)
	}
}

func TestAnErrorDoesNotNameTheAddress(t *testing.T) {
	p, _ := poster(t, outbound.Options{})
	r := p.Send(t.Context(), outbound.Post{URL: "http://no..such/secret", Timeout: time.Minute})
	if got := r.Sentence("slack"); strings.Contains(got, "secret") || !strings.HasPrefix(got, "slack could not be reached: ") {
		t.Errorf("Sentence() = %q", got)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer srv.Close()
	p, _ := poster(t, outbound.Options{})
	p.Wait = nil // a real timer, which must not be waited for
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan outbound.Reply)
	go func() {
		done <- p.Send(ctx, outbound.Post{URL: srv.URL, Timeout: time.Minute, Retries: 100})
	}()
	cancel(errors.New("stopped"))
	if r := <-done; r.Tries > 1 {
		t.Errorf("%d tries after the end of the context", r.Tries)
	}
}
