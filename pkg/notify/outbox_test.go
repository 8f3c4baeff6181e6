package notify_test

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

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
	wantDropped := []string{"kubernetes-events", "event-webhooks", "alerts", "kubernetes-events", "event-webhooks", "alerts"}
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
