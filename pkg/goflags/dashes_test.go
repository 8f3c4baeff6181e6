package goflags

import (
	"slices"
	"testing"
)

func TestWithTwoDashes(t *testing.T) {
	got := WithTwoDashes([]string{"-port=8080", "--port=8080", "-h", "-", "run", "-log-level", "debug"})
	want := []string{"--port=8080", "--port=8080", "-h", "-", "run", "--log-level", "debug"}
	if !slices.Equal(got, want) {
		t.Errorf("WithTwoDashes() = %q, want %q", got, want)
	}
}
