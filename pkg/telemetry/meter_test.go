package telemetry_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/linnet-delivery/linnet/pkg/rollout"
)

func TestACanarysSeries(t *testing.T) {
	b := newBench()
	b.Observe("test", "podinfo", rollout.Record{Phase: rollout.PhaseWaiting, Weight: 70})
	b.Observe("test", "podinfo", rollout.Record{Phase: rollout.PhaseProgressing, Weight: 30, FailedChecks: 2})
	b.Observe("test", "gone", rollout.Record{Phase: rollout.PhaseFailed})
	b.Observe("other", "podinfo", rollout.Record{Phase: rollout.PhaseFailed})
	b.Forget("test", "gone")
	b.Forget("other", "podinfo")
	b.expect(t, `
# HELP linnet_canary_failed_checks Failed analyses of a Canary's release.
# TYPE linnet_canary_failed_checks gauge
linnet_canary_failed_checks{name="podinfo",namespace="test"} 2
# HELP linnet_canary_phase 1 for the phase that a Canary is in, 0 for the others.
# TYPE linnet_canary_phase gauge
linnet_canary_phase{name="podinfo",namespace="test",phase="Failed"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Finalising"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Initialized"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Initializing"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Progressing"} 1
linnet_canary_phase{name="podinfo",namespace="test",phase="Promoting"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Succeeded"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="Waiting"} 0
linnet_canary_phase{name="podinfo",namespace="test",phase="WaitingPromotion"} 0
# HELP linnet_canary_weight Percent of requests that a side of a Canary is given by plan.
# TYPE linnet_canary_weight gauge
linnet_canary_weight{name="podinfo",namespace="test",side="canary"} 30
linnet_canary_weight{name="podinfo",namespace="test",side="primary"} 70
`, "linnet_canary_failed_checks", "linnet_canary_phase", "linnet_canary_weight")
}

func TestHowReleasesEnd(t *testing.T) {
	progressing := record(rollout.PhaseProgressing, "2")
	waiting := record(rollout.PhaseWaitingPromotion, "2")
	promoting := record(rollout.PhasePromoting, "2")
	finalising := record(rollout.PhaseFinalising, "2")
	tests := map[string]struct {
		records []rollout.Record
		want    map[string]float64
	}{
		"a promotion": {
			records: []rollout.Record{progressing, waiting, promoting, finalising, record(rollout.PhaseSucceeded, "2"), record(rollout.PhaseSucceeded, "2")},
			want:    map[string]float64{"promoted": 1},
		},
		"a rollback": {
			records: []rollout.Record{progressing, record(rollout.PhaseFailed, "2"), record(rollout.PhaseFailed, "2")},
			want:    map[string]float64{"rolled_back": 1},
		},
		"a rollback at the last gate": {
			records: []rollout.Record{progressing, waiting, record(rollout.PhaseFailed, "2")},
			want:    map[string]float64{"rolled_back": 1},
		},
		"a failed promotion": {
			records: []rollout.Record{progressing, promoting, record(rollout.PhaseFailed, "2")},
			want:    map[string]float64{"promotion_failed": 1},
		},
		"a failed promotion that goes on": {
			records: []rollout.Record{progressing, promoting, record(rollout.PhaseFailed, "2"), promoting, finalising, record(rollout.PhaseSucceeded, "2")},
			want:    map[string]float64{"promotion_failed": 1, "promoted": 1},
		},
		"a primary lost in the last moment": {
			records: []rollout.Record{progressing, finalising, record(rollout.PhaseFailed, "2")},
			want:    map[string]float64{"promotion_failed": 1},
		},
		"a way back": {
			records: []rollout.Record{progressing, record(rollout.PhaseSucceeded, "1")},
			want:    map[string]float64{"returned": 1},
		},
		"a way back before the first promotion": {
			records: []rollout.Record{progressing, record(rollout.PhaseInitialized, "1")},
			want:    map[string]float64{"returned": 1},
		},
		"a newer revision": {
			records: []rollout.Record{progressing, record(rollout.PhaseProgressing, "3"), record(rollout.PhaseFailed, "3")},
			want:    map[string]float64{"superseded": 1, "rolled_back": 1},
		},
		"nothing has ended yet": {
			records: []rollout.Record{record(rollout.PhaseInitialized, "1"), record(rollout.PhaseWaiting, "1"), progressing, progressing},
		},
		"what ended unseen": {
			records: []rollout.Record{record(rollout.PhaseSucceeded, "2"), record(rollout.PhaseFailed, "2")},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			for _, r := range tt.records {
				b.Observe("test", "podinfo", r)
			}
			want := map[string]float64{"promoted": 0, "rolled_back": 0, "promotion_failed": 0, "returned": 0, "superseded": 0}
			maps.Copy(want, tt.want)
			if diff := cmp.Diff(want, b.counts(t, "linnet_releases_total", "outcome")); diff != "" {
				t.Errorf("linnet_releases_total (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHowLongReleasesTake(t *testing.T) {
	step := func(b *bench, r rollout.Record) {
		b.Observe("test", "podinfo", r)
		b.now = b.now.Add(time.Minute)
	}
	tests := map[string]struct {
		records []rollout.Record
		want    map[string]float64
	}{
		"from the new revision to the end": {
			records: []rollout.Record{
				record(rollout.PhaseInitialized, "1"), record(rollout.PhaseWaiting, "1"), record(rollout.PhaseProgressing, "2"),
				record(rollout.PhasePromoting, "2"), record(rollout.PhaseFinalising, "2"), record(rollout.PhaseSucceeded, "2"),
			},
			want: map[string]float64{"promoted": 180},
		},
		"each revision has a time of its own": {
			records: []rollout.Record{
				record(rollout.PhaseSucceeded, "1"), record(rollout.PhaseProgressing, "2"), record(rollout.PhaseProgressing, "2"),
				record(rollout.PhaseProgressing, "3"), record(rollout.PhaseFailed, "3"),
			},
			want: map[string]float64{"superseded": 120, "rolled_back": 60},
		},
		"unknown when it began before this process": {
			records: []rollout.Record{record(rollout.PhaseProgressing, "2"), record(rollout.PhaseProgressing, "2"), record(rollout.PhaseFailed, "2")},
			want:    map[string]float64{},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			for _, r := range tt.records {
				step(b, r)
			}
			if diff := cmp.Diff(tt.want, b.counts(t, "linnet_release_duration_seconds", "outcome")); diff != "" {
				t.Errorf("linnet_release_duration_seconds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAForgottenCanaryBeginsAnew(t *testing.T) {
	b := newBench()
	b.Observe("test", "podinfo", record(rollout.PhaseProgressing, "2"))
	b.Forget("test", "podinfo")
	b.Observe("test", "podinfo", record(rollout.PhaseFailed, "2"))
	for o, n := range b.counts(t, "linnet_releases_total", "outcome") {
		if n != 0 {
			t.Errorf("%s releases: %v, want none of a Canary that was gone", o, n)
		}
	}
}

func TestTheBuildAndWhatWasDropped(t *testing.T) {
	b := newBench()
	b.NotificationDropped("event-webhooks")
	b.NotificationDropped("event-webhooks")
	b.expect(t, `
# HELP linnet_build_info The build of Linnet that runs, always 1.
# TYPE linnet_build_info gauge
linnet_build_info{commit="",version="dev"} 1
# HELP linnet_notifications_dropped_total Notifications that a full queue lost, by kind of receiver.
# TYPE linnet_notifications_dropped_total counter
linnet_notifications_dropped_total{receiver="event-webhooks"} 2
`, "linnet_build_info", "linnet_notifications_dropped_total")
}

func TestNamesFollowTheConventions(t *testing.T) {
	b := newBench()
	b.Observe("test", "podinfo", record(rollout.PhaseWaiting, "1"))
	b.Observe("test", "podinfo", record(rollout.PhaseProgressing, "2"))
	b.Observe("test", "podinfo", record(rollout.PhaseFailed, "2"))
	b.Answered(rollout.AskAnalysis, rollout.Pass, time.Second)
	b.NotificationDropped("event-webhooks")
	problems, err := testutil.GatherAndLint(b.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 9 {
		t.Errorf("%d series were looked at, want all 9", len(families))
	}
}
