package notify_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
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
	alert  func(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error
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

func (r *receivers) Alert(ctx context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	if r.alert != nil {
		return r.alert(ctx, c, e, at)
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
		Recorder: b.receivers, Poster: b.receivers, Alerter: b.receivers, Hooks: b.receivers,
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
