package progress

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pending is the answer of a check that is not there yet, for a reason that a person can read.
type Pending string

func (p Pending) Error() string { return string(p) }

// Wait is something to wait for.
type Wait struct {
	// For says what is waited for: "etcd to answer".
	For   string
	Limit time.Duration
	// Check returns nil when it is there. Its last error becomes part of the failure.
	Check func(ctx context.Context) error
	// Dead, if set, ends the wait early with the sentence it returns.
	Dead func() string
}

const checkInterval = 100 * time.Millisecond

// Wait reports the wait as one step and ends when the check passes, the time is up,
// the component has died or the context ends.
func (r *Reporter) Wait(ctx context.Context, w Wait) error {
	return r.Detailed("wait for "+w.For, func(detail func(string)) error {
		return w.until(ctx, detail)
	})
}

func (w Wait) until(ctx context.Context, detail func(string)) error {
	ctx, cancel := context.WithTimeout(ctx, w.Limit)
	defer cancel()
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	var last error
	for {
		err := w.Check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil { // a check that was cut off says nothing new
			last = err
			detail(err.Error())
		}
		if w.Dead != nil {
			if sentence := w.Dead(); sentence != "" {
				return errors.New(sentence)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return w.failure(ctx, last)
		}
	}
}

func (w Wait) failure(ctx context.Context, last error) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("wait for %s: %w", w.For, ctx.Err())
	}
	if last == nil {
		return fmt.Errorf("waited %s for %s", Seconds(w.Limit), w.For)
	}
	return fmt.Errorf("waited %s for %s: %w", Seconds(w.Limit), w.For, last)
}

// Silently waits without reporting, for waits beside a step that is reported.
func (w Wait) Silently(ctx context.Context) error {
	return w.until(ctx, func(string) {})
}
