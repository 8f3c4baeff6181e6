package notify_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// receivers are a Teller's receivers. Each thing that they are told goes to
// told before what it does to them happens.
type receivers struct {
	told   chan string
	record func(message string)
	post   func(ctx context.Context, c *flaggerv1.Canary) error
	ask    func(ctx context.Context) rollout.Answer
}

func (r *receivers) Event(object runtime.Object, eventtype, reason, message string) {
	c := object.(*flaggerv1.Canary)
	r.told <- fmt.Sprintf("event %s %s %s %s %s", c.Name, c.Status.Phase, eventtype, reason, message)
	if r.record != nil {
		r.record(message)
	}
}

func (r *receivers) PostEvent(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	r.told <- fmt.Sprintf("post %s %s %s %s %d", c.Name, c.Status.Phase, e.Reason, e.Message, at.Unix())
	if r.post != nil {
		return r.post(ctx, c)
	}
	return nil
}

func (r *receivers) Ask(ctx context.Context, c *flaggerv1.Canary, t flaggerv1.HookType, phase rollout.Phase) rollout.Answer {
	r.told <- fmt.Sprintf("ask %s %s %s", c.Name, t, phase)
	if r.ask != nil {
		return r.ask(ctx)
	}
	return rollout.Answer{Verdict: rollout.Pass}
}

// next returns what was told next, sorted as the receivers are independent of each other.
func (r *receivers) next(n int) map[string]bool {
	got := map[string]bool{}
	for range n {
		got[<-r.told] = true
	}
	return got
}

// bench is a Teller with its receivers, what it dropped and what it logged.
type bench struct {
	*notify.Teller
	*receivers
	stop func()

	mu      sync.Mutex
	dropped []string
	logged  []string
}

func (b *bench) drop(sink string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped = append(b.dropped, sink)
}

func (b *bench) log(_, args string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logged = append(b.logged, args)
}

func newBench(t *testing.T, edits ...func(*notify.Options)) *bench {
	t.Helper()
	b := &bench{receivers: &receivers{told: make(chan string, 1000)}}
	o := notify.Options{
		Recorder: b.receivers, Poster: b.receivers, Hooks: b.receivers,
		Now: func() time.Time { return epoch }, Log: funcr.New(b.log, funcr.Options{}), Dropped: b.drop,
	}
	for _, edit := range edits {
		edit(&o)
	}
	b.Teller = notify.New(o)
	return b
}

// start lets the Teller deliver until the test ends, or stop is called.
func (b *bench) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Start(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start() = %v, want nil", err)
		}
	})
	t.Cleanup(b.stop)
}

func canary(name string) *flaggerv1.Canary {
	return &flaggerv1.Canary{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "test"},
		Status:     flaggerv1.CanaryStatus{Phase: flaggerv1.PhaseProgressing},
	}
}

func events(messages ...string) []rollout.Event {
	var all []rollout.Event
	for _, m := range messages {
		all = append(all, rollout.Event{Reason: "Advanced", Message: m})
	}
	return all
}

func told(lines ...string) map[string]bool {
	all := map[string]bool{}
	for _, l := range lines {
		all[l] = true
	}
	return all
}

func TestAnEventReachesEveryReceiver(t *testing.T) {
	b := newBench(t)
	b.start(t)
	c := canary("podinfo")
	b.Tell(c, []rollout.Event{
		{Reason: "Advanced", Message: "10"},
		{Reason: "Halted", Message: "high latency", Level: rollout.Warn},
		{Reason: "RolledBack", Message: "too many failures", Level: rollout.Alarm},
	})
	c.Status.Phase = flaggerv1.PhaseFailed // what was told keeps its phase
	want := told(
		"event podinfo Progressing Normal Advanced 10",
		"event podinfo Progressing Warning Halted high latency",
		"event podinfo Progressing Warning RolledBack too many failures",
		"post podinfo Progressing Advanced 10 1772366400",
		"post podinfo Progressing Halted high latency 1772366400",
		"post podinfo Progressing RolledBack too many failures 1772366400",
	)
	if diff := cmp.Diff(want, b.next(6)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	b.Tell(c, nil)
	b.stop()
	if len(b.told) > 0 {
		t.Errorf("told %s as well", <-b.told)
	}
}

func TestEventsOfACanaryArriveInOrder(t *testing.T) {
	b := newBench(t)
	var want []string
	for i := range 50 {
		b.Tell(canary("podinfo"), events(fmt.Sprint(i)))
		want = append(want, fmt.Sprintf("post podinfo Progressing Advanced %d 1772366400", i))
	}
	b.start(t)
	var got []string
	for range 100 {
		if line := <-b.told; strings.HasPrefix(line, "post") {
			got = append(got, line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
}

func TestPostRolloutHooksAreAsked(t *testing.T) {
	b := newBench(t)
	b.start(t)
	b.PostRollout(canary("podinfo"), rollout.PhaseSucceeded)
	if got, want := <-b.told, "ask podinfo post-rollout Succeeded"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestAHungReceiverHoldsUpNobodyElse(t *testing.T) {
	tests := map[string]struct {
		hang func(b *bench)
		want map[string]bool
	}{
		"event webhooks": {
			hang: func(b *bench) {
				b.post = func(ctx context.Context, _ *flaggerv1.Canary) error { return hang(ctx) }
			},
			want: told(
				"post a Progressing Advanced 1 1772366400",
				"event a Progressing Normal Advanced 1", "event a Progressing Normal Advanced 2",
				"event b Progressing Normal Advanced 3", "ask a post-rollout Succeeded",
			),
		},
		"post-rollout webhooks": {
			hang: func(b *bench) {
				b.ask = func(ctx context.Context) rollout.Answer {
					<-ctx.Done()
					return rollout.Answer{Verdict: rollout.Error}
				}
			},
			want: told(
				"event a Progressing Normal Advanced 1", "event a Progressing Normal Advanced 2", "event b Progressing Normal Advanced 3",
				"post a Progressing Advanced 1 1772366400", "post a Progressing Advanced 2 1772366400", "post b Progressing Advanced 3 1772366400",
				"ask a post-rollout Succeeded",
			),
		},
		"the webhook of one Canary": {
			hang: func(b *bench) {
				b.post = func(ctx context.Context, c *flaggerv1.Canary) error {
					if c.Name == "a" {
						return hang(ctx)
					}
					return nil
				}
			},
			want: told(
				"event a Progressing Normal Advanced 1", "event a Progressing Normal Advanced 2", "event b Progressing Normal Advanced 3",
				"post a Progressing Advanced 1 1772366400", "post b Progressing Advanced 3 1772366400",
				"ask a post-rollout Succeeded",
			),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			slots := 2
			if name == "event webhooks" {
				slots = 1
			}
			b := newBench(t, func(o *notify.Options) { o.Slots = slots })
			tt.hang(b)
			b.start(t)
			b.Tell(canary("a"), events("1", "2"))
			b.Tell(canary("b"), events("3"))
			b.PostRollout(canary("a"), rollout.PhaseSucceeded)
			if diff := cmp.Diff(tt.want, b.next(len(tt.want))); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			b.stop()
			if len(b.told) > 0 {
				t.Errorf("told %s as well", <-b.told)
			}
			if len(b.logged) > 0 {
				t.Errorf("the stop was logged as a failure: %s", b.logged)
			}
		})
	}
}

func TestTheStopWaitsForDeliveries(t *testing.T) {
	b := newBench(t)
	ended := false
	b.post = func(ctx context.Context, _ *flaggerv1.Canary) error {
		<-ctx.Done()
		for range 1000 {
			goruntime.Gosched()
		}
		ended = true
		return nil
	}
	b.start(t)
	b.Tell(canary("a"), events("1"))
	b.next(2)
	b.stop()
	if !ended {
		t.Error("Start() returned while a delivery was under way")
	}
}

func TestAFullLaneDropsItsOldest(t *testing.T) {
	b := newBench(t, func(o *notify.Options) { o.Depth = 2 })
	b.Tell(canary("b"), events("kept"))
	b.Tell(canary("a"), events("1", "2", "3", "4"))
	b.start(t)
	want := told(
		"event b Progressing Normal Advanced kept", "post b Progressing Advanced kept 1772366400",
		"event a Progressing Normal Advanced 3", "post a Progressing Advanced 3 1772366400",
		"event a Progressing Normal Advanced 4", "post a Progressing Advanced 4 1772366400",
	)
	if diff := cmp.Diff(want, b.next(6)); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	b.stop()
	wantDropped := []string{"kubernetes-events", "event-webhooks", "kubernetes-events", "event-webhooks"}
	if diff := cmp.Diff(wantDropped, b.dropped); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
	if len(b.told) > 0 {
		t.Errorf("told %s as well", <-b.told)
	}
}

func TestAFailedReceiverIsToldTheNextThing(t *testing.T) {
	failures := map[string]func(b *bench){
		"refusing": func(b *bench) {
			b.post = func(context.Context, *flaggerv1.Canary) error { return errors.New("no") }
		},
		"panicking": func(b *bench) {
			b.post = func(context.Context, *flaggerv1.Canary) error { panic("boom") }
			b.record = func(string) { panic("boom") }
			b.ask = func(context.Context) rollout.Answer { panic("boom") }
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(o *notify.Options) { o.Slots = 1 })
			fail(b)
			b.start(t)
			for _, message := range []string{"1", "2"} {
				b.Tell(canary("a"), events(message))
				b.PostRollout(canary("a"), rollout.PhaseFailed)
				want := told(
					"event a Progressing Normal Advanced "+message,
					"post a Progressing Advanced "+message+" 1772366400",
					"ask a post-rollout Failed",
				)
				if diff := cmp.Diff(want, b.next(3)); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestALongMessageIsCutBetweenCharacters(t *testing.T) {
	tests := map[string]struct{ message, want string }{
		"1024 bytes fit":             {message: strings.Repeat("x", 1024), want: strings.Repeat("x", 1024)},
		"more bytes are cut":         {message: strings.Repeat("x", 1025), want: strings.Repeat("x", 1021) + "…"},
		"no character is cut in two": {message: strings.Repeat("é", 513), want: strings.Repeat("é", 510) + "…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			recorded := make(chan string, 1)
			b.record = func(message string) { recorded <- message }
			b.start(t)
			b.Tell(canary("a"), events(tt.message))
			if got := <-recorded; got != tt.want {
				t.Errorf("recorded %d bytes %q, want %d bytes", len(got), got, len(tt.want))
			}
		})
	}
}

func TestATellerIsForTheLeader(t *testing.T) {
	if !notify.New(notify.Options{Log: logr.Discard()}).NeedLeaderElection() {
		t.Error("NeedLeaderElection() = false, want true")
	}
}
