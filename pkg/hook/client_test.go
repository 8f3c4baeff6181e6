package hook_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/hook"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func disableTLS(w *flaggerv1.CanaryWebhook) { w.DisableTLS = true }

func TestTheOwnMachineIsOutOfReach(t *testing.T) {
	r := newReceiver(t, ok)
	caller := newCaller(t, func(o *hook.Options) { o.AllowLoopback = false })
	got := ask(t, caller, gate(r.URL))
	if got.Verdict != rollout.Fail || !strings.Contains(got.Reason, "address 127.0.0.1 is not allowed") {
		t.Errorf("Ask() = %s (%s), want a refusal that names the address", got.Verdict, got.Reason)
	}
	if len(r.requests()) > 0 {
		t.Error("the webhook was called")
	}
}

func TestAHugeBodyIsCut(t *testing.T) {
	const size = 64 << 20
	var written atomic.Int64
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		chunk := bytes.Repeat([]byte("é"), 1<<19)
		for written.Load() < size {
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	got := ask(t, newCaller(t), gate(r.URL))
	prefix := `webhook "gate" (confirm-rollout) answered 403 Forbidden: `
	text, found := strings.CutPrefix(got.Reason, prefix)
	if !found || utf8.RuneCountInString(text) != 256 {
		t.Errorf("%d characters of the body in %q, want 256", utf8.RuneCountInString(text), got.Reason)
	}
	r.Close() // waits for the handler
	if written.Load() >= size {
		t.Error("the whole body was read")
	}
}

func TestOneConnectionServesManyCalls(t *testing.T) {
	tests := map[string]struct {
		start func(*httptest.Server)
		edits []func(*flaggerv1.CanaryWebhook)
	}{
		"over http":                         {start: (*httptest.Server).Start},
		"over http with disableTLS":         {start: (*httptest.Server).Start, edits: []func(*flaggerv1.CanaryWebhook){disableTLS}},
		"over https with a bad certificate": {start: (*httptest.Server).StartTLS, edits: []func(*flaggerv1.CanaryWebhook){disableTLS}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var opened atomic.Int64
			srv := httptest.NewUnstartedServer(http.HandlerFunc(byPath))
			srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					opened.Add(1)
				}
			}
			tt.start(srv)
			t.Cleanup(srv.Close)
			caller := newCaller(t)
			for i, path := range strings.Fields(strings.Repeat("/yes /no ", 20)) {
				got := ask(t, caller, gate(srv.URL+path, tt.edits...))
				if want := []rollout.Verdict{rollout.Pass, rollout.Fail}[i%2]; got.Verdict != want {
					t.Fatalf("Ask() = %s (%s), want %s", got.Verdict, got.Reason, want)
				}
			}
			if opened.Load() != 1 {
				t.Errorf("%d connections for 40 calls, want 1", opened.Load())
			}
		})
	}
}

func TestABadCertificateIsARefusal(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	got := ask(t, newCaller(t), gate(srv.URL))
	if got.Verdict != rollout.Fail || !strings.Contains(got.Reason, "certificate") {
		t.Errorf("Ask() = %s (%s), want a refusal that speaks of the certificate", got.Verdict, got.Reason)
	}
}

func TestOldTLSIsARefusal(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	if got := ask(t, newCaller(t), gate(srv.URL, disableTLS)); got.Verdict != rollout.Fail {
		t.Errorf("Ask() = %s over TLS 1.1, want Fail", got.Verdict)
	}
}
