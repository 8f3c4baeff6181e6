package proc

import (
	"fmt"
	"syscall"
	"time"
)

const pollInterval = 50 * time.Millisecond

// Stop asks the named components to end, all at once, and kills those that have not ended after grace.
// Components that don't run are passed over; only processes of this table are ever signalled.
func (t Table) Stop(grace time.Duration, names ...string) error {
	var left []Record
	for _, name := range names {
		record, err := t.Load(name)
		if err != nil || !record.Alive() {
			continue
		}
		_ = syscall.Kill(record.PID, syscall.SIGTERM)
		left = append(left, record)
	}
	left = awaitEnd(left, grace)
	for _, record := range left {
		_ = syscall.Kill(record.PID, syscall.SIGKILL)
	}
	if left = awaitEnd(left, 10*time.Second); len(left) > 0 {
		return fmt.Errorf("stop %s: process %d does not end", left[0].Name, left[0].PID)
	}
	return nil
}

// awaitEnd waits until the processes have ended and returns those that have not.
func awaitEnd(records []Record, limit time.Duration) []Record {
	deadline := time.Now().Add(limit)
	for {
		var left []Record
		for _, record := range records {
			if record.Alive() {
				left = append(left, record)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(pollInterval)
	}
}
