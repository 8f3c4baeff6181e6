package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/linnet-delivery/linnet/pkg/goflags"
)

func TestFlagsOfFlaggerAreUnderstood(t *testing.T) {
	o := options{}
	cmd := commandFor(&o)
	args := goflags.WithTwoDashes([]string{
		"-log-level=debug", "-mesh-provider=kubernetes", "-metrics-server=http://prometheus:9090", "-control-loop-interval=5s",
		"-zap-replace-globals", "-enable-leader-election=true", "--namespace=shop", "-slack-url=https://hooks.example.com/x",
	})
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	got := []string{o.logLevel, o.meshProvider, o.metricsServer, o.namespace, o.slack.url}
	want := []string{"debug", "kubernetes", "http://prometheus:9090", "shop", "https://hooks.example.com/x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("flags (-want +got):\n%s", diff)
	}
}

func TestWhatNobodyKnowsIsRefused(t *testing.T) {
	if err := commandFor(&options{}).ParseFlags(goflags.WithTwoDashes([]string{"-no-such-flag"})); err == nil {
		t.Error("an unknown flag is taken")
	}
}
