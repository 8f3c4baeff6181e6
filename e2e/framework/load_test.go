package framework

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server counts what arrives, answers with handler, and closes done once enough has arrived.
type server struct {
	*httptest.Server
	arrived atomic.Int64
	done    chan struct{}
}

func serve(t *testing.T, enough int64, handler func(n int64, w http.ResponseWriter, r *http.Request)) *server {
	t.Helper()
	s := &server{done: make(chan struct{})}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.arrived.Add(1)
		handler(n, w, r)
		if n == enough {
			close(s.done)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// loadUntilDone offers requests until the server has seen enough of them.
func (s *server) loadUntilDone(t *testing.T, edit func(*LoadConfig)) *Tally {
	t.Helper()
	config := LoadConfig{Address: s.Listener.Addr().String(), Host: "app.example.com", Rate: 2000, Connections: 8}
	if edit != nil {
		edit(&config)
	}
	l := StartLoad(t.Context(), config)
	<-s.done
	return l.Stop()
}

func podinfo(w http.ResponseWriter, version, pod string) {
	fmt.Fprintf(w, "{\n  \"hostname\": %q,\n  \"version\": %q,\n  \"revision\": \"unknown\"\n}", pod, version)
}

// hangUp closes the connection under the request.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	conn.Close()
}

func TestLoadCountsEveryRequestByItsAnswer(t *testing.T) {
	codes := []int{200, 404, 500, 503, 400}
	s := serve(t, 500, func(n int64, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(codes[n%5]) })
	tally := s.loadUntilDone(t, nil)
	w := tally.All()
	want := map[string]int{}
	for n := range s.arrived.Load() {
		want[fmt.Sprint(codes[(n+1)%5])]++
	}
	if diff := cmp.Diff(want, w.Answers); diff != "" {
		t.Errorf("answers (-arrived +counted):\n%s", diff)
	}
	if want := w.Answers["404"] + w.Answers["500"] + w.Answers["503"]; w.Failed != want || len(w.Failures) != want {
		t.Errorf("counted %d failed and listed %d, want %d: 404 and 5xx", w.Failed, len(w.Failures), want)
	}
}

func TestLoadNeverRepeatsARequestThatLostItsConnection(t *testing.T) {
	s := serve(t, 400, func(n int64, w http.ResponseWriter, _ *http.Request) {
		if n%10 == 0 {
			hangUp(w)
		}
	})
	w := s.loadUntilDone(t, nil).All()
	if arrived := int(s.arrived.Load()); w.Sent != arrived {
		t.Errorf("counted %d requests, but %d arrived", w.Sent, arrived)
	}
	if want := int(s.arrived.Load() / 10); w.Answers["closed"] != want || w.Failed != want {
		t.Errorf("counted %d closed and %d failed, want %d", w.Answers["closed"], w.Failed, want)
	}
}

func TestLoadCountsAKeptConnectionThatWasClosedBehindItsBack(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go answerOncePerConnection(listener)
	e := newExchange(listener.Addr().String(), LoadConfig{}.request(), time.Minute)
	defer e.close()
	var got []string
	for range 4 {
		reply := e.do(t.Context())
		got = append(got, fmt.Sprint(reply.Code, reply.Fault))
	}
	if want := []string{"200", "0closed", "200", "0closed"}; !cmp.Equal(got, want) {
		t.Errorf("replies = %q, want %q", got, want)
	}
}

// answerOncePerConnection answers the first request as if the connection were to be kept, and then reads one more and closes.
func answerOncePerConnection(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		request := make([]byte, 4096)
		_, _ = conn.Read(request)
		fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_, _ = conn.Read(request)
		conn.Close()
	}
}

func TestLoadFollowsAServerThatAsksForANewConnection(t *testing.T) {
	s := serve(t, 100, func(_ int64, w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	if w := s.loadUntilDone(t, nil).All(); w.Failed != 0 {
		t.Errorf("polite closing counted as failure: %s", w)
	}
}

func TestLoadNamesTheFaultOfARequestWithoutAnswer(t *testing.T) {
	cases := map[string]struct {
		handler func(w http.ResponseWriter)
		want    string
	}{
		"no answer in time is a timeout":              {nil, "timeout"},
		"a connection that ends is closed":            {hangUp, "closed"},
		"an answer that breaks off is closed as well": {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100"); hangUpAfterHead(w) }, "closed"},
		"an answer that is not HTTP is garbled":       {speakNonsense, "garbled"},
		"an answer beyond all measure is garbled":     {func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, maxBody+1)) }, "garbled"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, -1, func(_ int64, w http.ResponseWriter, r *http.Request) {
				if c.handler == nil {
					<-r.Context().Done()
					return
				}
				c.handler(w)
			})
			e := newExchange(s.Listener.Addr().String(), LoadConfig{Path: "/"}.request(), 200*time.Millisecond)
			defer e.close()
			if reply := e.do(t.Context()); reply.Fault != c.want || reply.Code != 0 {
				t.Errorf("do() = %d %q (%s), want fault %q", reply.Code, reply.Fault, reply.Detail, c.want)
			}
		})
	}
	t.Run("nobody listening is dial", func(t *testing.T) {
		e := newExchange("127.0.0.1:1", nil, time.Second)
		if reply := e.do(t.Context()); reply.Fault != "dial" {
			t.Errorf("do() = %q (%s), want dial", reply.Fault, reply.Detail)
		}
	})
}

func hangUpAfterHead(w http.ResponseWriter) {
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("half"))
	w.(http.Flusher).Flush()
	hangUp(w)
}

func speakNonsense(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	fmt.Fprint(conn, "\x16\x03\x01 what?\r\n\r\n")
	conn.Close()
}

func TestLoadSendsNothingBeforeItsTime(t *testing.T) {
	s := serve(t, 100, func(int64, http.ResponseWriter, *http.Request) {})
	tally := s.loadUntilDone(t, func(c *LoadConfig) { c.Rate = 500 })
	for i, sample := range tally.Select(func(Sample) bool { return true }) {
		if due := tally.began.Add(time.Duration(i) * 2 * time.Millisecond); sample.Began.Before(due) {
			t.Fatalf("request %d began %s early", i, due.Sub(sample.Began))
		}
	}
}

func TestLoadGivesUpSlotsThatAreTooLongAgoAndSaysSo(t *testing.T) {
	l := &Load{tally: newTally(time.Now()), begin: time.Now().Add(-slack - 10*time.Second), period: time.Second}
	l.nextSlot()
	if got := l.tally.Unsent(); got != 10 {
		t.Errorf("gave up %d slots, want the 10 that are beyond the slack", got)
	}
	if late := time.Since(l.nextSlot()); late > slack+time.Second {
		t.Errorf("the next slot is still %s late", late)
	}
	if got := l.tally.Unsent(); got != 10 {
		t.Errorf("gave up %d slots in the end, want still 10", got)
	}
}

func TestStopWaitsForAnswersThatAreDue(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := serve(t, 1, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		podinfo(w, "6.0.1", "podinfo-5d7-x")
	})
	ctx, cancel := context.WithCancel(t.Context())
	l := StartLoad(ctx, LoadConfig{Address: s.Listener.Addr().String(), Rate: 1000, Connections: 1})
	<-arrived
	cancel()
	close(release)
	want := map[Responder]int{{Canary, "6.0.1"}: 1}
	if got := requestsBy(l.Stop().All()); !cmp.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

func requestsBy(w Window) map[Responder]int {
	by := map[Responder]int{}
	for r, share := range w.By {
		by[r] = share.Requests
	}
	return by
}
