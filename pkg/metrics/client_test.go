package metrics

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// counted is a Prometheus that counts connections opened and closed.
type counted struct {
	*httptest.Server
	opened, closed atomic.Int32
	gone           chan struct{}
}

func newCounted(t *testing.T) *counted {
	t.Helper()
	s := &counted{gone: make(chan struct{}, 100)}
	s.Server = httptest.NewUnstartedServer(answering(vector("1")))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.opened.Add(1)
		case http.StateClosed:
			s.closed.Add(1)
			s.gone <- struct{}{}
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	s := newCounted(t)
	a := analyst(t, s.URL, template(s.URL, withSecret, withHeaders), secret(map[string]string{"token": "x"}))
	for range 20 {
		a.Analyse(context.Background(), canary(inline()))
		a.Analyse(context.Background(), canary(templated("")))
	}
	if got := s.opened.Load(); got != 2 {
		t.Errorf("%d connections for two endpoints, want 2", got)
	}
	if got := len(a.clients.byKey); got != 2 {
		t.Errorf("%d clients, want 2", got)
	}
}

func TestAClientThatIsNoLongerUsedIsClosed(t *testing.T) {
	s, other := newCounted(t), newCounted(t)
	a := analyst(t, s.URL)
	clock := time.Unix(now, 0)
	a.clients.now = func() time.Time { return clock }

	a.Analyse(context.Background(), canary(inline()))
	clock = clock.Add(idle)
	c := canary(inline())
	c.Spec.MetricsServer = other.URL
	a.Analyse(context.Background(), c)
	if got := len(a.clients.byKey); got != 2 {
		t.Fatalf("%d clients after five minutes, want 2", got)
	}
	clock = clock.Add(time.Second)
	c.Spec.MetricsServer = other.URL + "/prefix"
	a.Analyse(context.Background(), c)
	<-s.gone
	if got := len(a.clients.byKey); got != 2 {
		t.Errorf("%d clients, want 2: the first one has not been used", got)
	}
	if got := other.closed.Load(); got != 0 {
		t.Errorf("%d connections of a client in use were closed", got)
	}
}

func TestAnotherClientForOtherSettings(t *testing.T) {
	base := endpoint{address: "http://a", headers: map[string][]string{"x": {"1"}}, auth: credentials{secret: "s 1"}}
	others := map[string]endpoint{
		"address":         {address: "http://b", headers: base.headers, auth: base.auth},
		"header value":    {address: base.address, headers: map[string][]string{"x": {"2"}}, auth: base.auth},
		"header name":     {address: base.address, headers: map[string][]string{"y": {"1"}}, auth: base.auth},
		"no headers":      {address: base.address, auth: base.auth},
		"secret version":  {address: base.address, headers: base.headers, auth: credentials{secret: "s 2"}},
		"no verification": {address: base.address, headers: base.headers, auth: base.auth, insecure: true},
	}
	for name, e := range others {
		t.Run(name, func(t *testing.T) {
			if e.key() == base.key() {
				t.Errorf("key = %s for both", e.key())
			}
		})
	}
}

func TestAChangedSecretIsUsedAtOnce(t *testing.T) {
	p := newPrometheus(t, answering(vector("1")))
	a := analyst(t, "", template(p.URL, withSecret), secret(map[string]string{"token": "old"}))
	a.Analyse(context.Background(), canary(templated("")))

	var s corev1.Secret
	if err := a.Secrets.Get(context.Background(), client.ObjectKey{Namespace: "test", Name: "auth"}, &s); err != nil {
		t.Fatal(err)
	}
	s.Data["token"] = []byte("new")
	if err := a.Secrets.(client.Client).Update(context.Background(), &s); err != nil {
		t.Fatal(err)
	}
	a.Analyse(context.Background(), canary(templated("")))
	if got := p.asked()[1].Header.Get("Authorization"); got != "Bearer new" {
		t.Errorf("Authorization = %q", got)
	}
}

func TestACertificateIsVerifiedUnlessToldOtherwise(t *testing.T) {
	s := httptest.NewUnstartedServer(answering(vector("4")))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // It tells of the refused handshake.
	s.StartTLS()
	t.Cleanup(s.Close)
	insecure := func(t *flaggerv1.MetricTemplate) { t.Spec.Provider.InsecureSkipVerify = true }

	a := analyst(t, "", template(s.URL))
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Error, "certificate")
	a = analyst(t, "", template(s.URL, insecure))
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Pass, "4")
}

// shared is a cache that hands out its own object instead of a copy.
type shared struct {
	client.Reader
	template *flaggerv1.MetricTemplate
}

func (s shared) Get(_ context.Context, _ client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	*o.(*flaggerv1.MetricTemplate) = *s.template
	return nil
}

func TestACachedTemplateIsNotChanged(t *testing.T) {
	p := newPrometheus(t, answering(vector("1")))
	a := analyst(t, "", secret(map[string]string{"token": "x"}))
	cached := template(p.URL, withSecret, withHeaders)
	before := cached.DeepCopy()
	a.Reader = shared{template: cached}
	a.Analyse(context.Background(), canary(templated(""), templated(""), templated("")))
	if diff := cmp.Diff(before, cached); diff != "" {
		t.Errorf("the cached template was changed (-before +after):\n%s", diff)
	}
}

func TestAClientInUseStaysOpen(t *testing.T) {
	s := newCounted(t)
	a := analyst(t, s.URL)
	clock := time.Unix(now, 0)
	a.clients.now = func() time.Time { return clock }
	for range 3 {
		a.Analyse(context.Background(), canary(inline()))
		clock = clock.Add(idle)
		c := canary(inline())
		c.Spec.MetricsServer = s.URL + "/" + clock.Format(time.TimeOnly)
		a.Analyse(context.Background(), c) // Sweeps, because it opens a client.
		if _, ok := a.clients.byKey[endpoint{address: s.URL}.key()]; !ok {
			t.Fatalf("the client was dropped although it was used %s ago", idle)
		}
	}
}
