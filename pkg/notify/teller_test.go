package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/notify"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

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

// cloud is a sink of CloudEvents.
type cloud chan string

func (s cloud) PostEvent(_ context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error {
	s <- c.Name + " " + e.Reason + " " + at.Format(time.RFC3339)
	return nil
}

func TestAlertsAndCloudEventsHaveQueuesOfTheirOwn(t *testing.T) {
	sink, alerts := make(cloud, 2), make(chan string, 2)
	b := newBench(t, func(o *notify.Options) { o.CloudEvents = sink })
	hung := make(chan struct{})
	b.alert = func(_ context.Context, c *flaggerv1.Canary, e rollout.Event, at time.Time) error {
		<-hung
		alerts <- c.Name + " " + e.Reason + " " + at.Format(time.RFC3339)
		return nil
	}
	b.start(t)
	b.Tell(canary("podinfo"), []rollout.Event{{Reason: "Advanced"}, {Reason: "RolledBack", Level: rollout.Alarm}})
	want := []string{"podinfo Advanced 2026-03-01T12:00:00Z", "podinfo RolledBack 2026-03-01T12:00:00Z"}
	if diff := cmp.Diff(want, []string{<-sink, <-sink}); diff != "" {
		t.Errorf("CloudEvents (-want +got):\n%s", diff)
	}
	close(hung)
	if diff := cmp.Diff(want, []string{<-alerts, <-alerts}); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
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
	if !newBench(t).NeedLeaderElection() {
		t.Error("NeedLeaderElection() = false, want true")
	}
}
