package progress

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func plainReporter() (*Reporter, *bytes.Buffer) {
	var out bytes.Buffer
	return &Reporter{out: &out, start: time.Now()}, &out
}

func TestWaitEndsWhenTheCheckPasses(t *testing.T) {
	r, _ := plainReporter()
	calls := 0
	err := r.Wait(context.Background(), Wait{For: "it", Limit: time.Minute, Check: func(context.Context) error {
		if calls++; calls < 3 {
			return Pending("not yet")
		}
		return nil
	}})
	if err != nil || calls != 3 {
		t.Errorf("%d calls, error %v", calls, err)
	}
}

func TestWaitFailsWithAReason(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	pending := func(context.Context) error { return Pending("the port is closed") }
	tests := map[string]struct {
		ctx  context.Context
		wait Wait
		want []string
	}{
		"after the limit it names what and why": {
			context.Background(), Wait{For: "etcd to answer", Limit: time.Millisecond, Check: pending},
			[]string{"etcd to answer", "the port is closed"},
		},
		"a dead component ends it early": {
			context.Background(), Wait{For: "etcd to answer", Limit: 5 * time.Second, Check: pending, Dead: func() string { return "etcd has ended" }},
			[]string{"etcd has ended"},
		},
		"an interrupt ends it": {
			cancelled, Wait{For: "etcd to answer", Limit: 5 * time.Second, Check: pending},
			[]string{"etcd to answer", "canceled"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r, out := plainReporter()
			err := r.Wait(tc.ctx, tc.wait)
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v lacks %q", err, want)
				}
			}
			if !strings.Contains(out.String(), "✗ wait for "+tc.wait.For) {
				t.Errorf("report: %s", out)
			}
		})
	}
}

func TestStepsAreRememberedInTheirOrder(t *testing.T) {
	r, out := plainReporter()
	_ = r.Step("one", func() error { return nil })
	_ = r.Step("two", func() error { return errors.New("no") })
	_ = r.Step("three", func() error { return nil })
	rows := r.Rows()
	if len(rows) != 2 || rows[0].What != "one" || rows[1].What != "three" {
		t.Errorf("rows are %v", rows)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("colours without a terminal: %q", out)
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 1340 * time.Millisecond: "1.3 s", 63 * time.Second: "63 s", 12*time.Minute + 5*time.Second: "12 min 5 s",
	} {
		if got := Seconds(d); got != want {
			t.Errorf("Seconds(%v) = %q, want %q", d, got, want)
		}
	}
}
