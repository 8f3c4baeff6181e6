package asking_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/linnet-delivery/linnet/pkg/asking"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// bench is an Asker with one slot per class and the wakes it sent.
type bench struct {
	*asking.Asker
	clock *clock
	woken chan string
	stop  func()
}

func newBench(t *testing.T, limits asking.Limits) *bench {
	t.Helper()
	b := &bench{clock: &clock{t: epoch}, woken: make(chan string, 1000)}
	b.Asker = asking.New(limits, b.clock.now, func(owner string) { b.woken <- owner })
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
	return b
}

// noMoreWakes stops the Asker, which waits for all work, and reports wakes nobody expected.
func (b *bench) noMoreWakes(t *testing.T) {
	t.Helper()
	b.stop()
	select {
	case owner := <-b.woken:
		t.Errorf("%s was woken, want nobody", owner)
	default:
	}
}

func question(k rollout.Kind, round string) rollout.Question {
	return rollout.Question{Kind: k, Round: round}
}

func says(reason string) func(context.Context) rollout.Answer {
	return func(context.Context) rollout.Answer {
		return rollout.Answer{Verdict: rollout.Pass, Reason: reason}
	}
}

// hangs works until its context ends and counts as started when it sent to started.
func hangs(started chan<- string, name string) func(context.Context) rollout.Answer {
	return func(ctx context.Context) rollout.Answer {
		started <- name
		<-ctx.Done()
		return rollout.Answer{Verdict: rollout.Error, Reason: ctx.Err().Error()}
	}
}

func never(t *testing.T) func(context.Context) rollout.Answer {
	return func(context.Context) rollout.Answer {
		t.Error("work ran, want it not to")
		return rollout.Answer{Verdict: rollout.Fail}
	}
}

var pending = rollout.Answer{Verdict: rollout.Pending}

func want(t *testing.T, got, want rollout.Answer) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Ask() (-want +got):\n%s", diff)
	}
}
