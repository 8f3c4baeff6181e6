package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/linnet-delivery/linnet/pkg/notify/alert"
)

// The environment names the installation's rooms and receivers, so that no secret is an argument; a
// flag wins over it, and --help shows neither.
func TestTheEnvironmentNamesReceivers(t *testing.T) {
	for name, value := range map[string]string{
		"SLACK_URL": "https://slack.example.com/a", "SLACK_TOKEN": "t", "SLACK_PROXY_URL": "http://proxy:1", "MSTEAMS_URL": "https://teams.example.com/a",
		"MSTEAMS_PROXY_URL": "http://proxy:2", "EVENT_WEBHOOK_URL": "http://events", "CLOUDEVENTS_SINK": "http://sink",
	} {
		t.Setenv(name, value)
	}
	o := options{}
	cmd := commandFor(&o)
	if err := cmd.ParseFlags([]string{"--event-webhook=http://flag"}); err != nil {
		t.Fatal(err)
	}
	want := []alert.Receiver{
		{Type: "msteams", Address: "https://teams.example.com/a", Proxy: "http://proxy:2"},
		{Type: "slack", Address: "https://slack.example.com/a", Token: "t", Proxy: "http://proxy:1", Channel: "general", Username: "flagger"},
	}
	byType := cmpopts.SortSlices(func(a, b alert.Receiver) bool { return a.Type < b.Type })
	if diff := cmp.Diff(want, o.chats(), byType, cmpopts.EquateComparable(alert.Receiver{})); diff != "" {
		t.Errorf("rooms (-want +got):\n%s", diff)
	}
	if o.eventWebhook != "http://flag" || o.cloudEventsSink != "http://sink" {
		t.Errorf("events go to %s and %s", o.eventWebhook, o.cloudEventsSink)
	}
	for _, name := range []string{"slack-url", "slack-token", "msteams-url", "event-webhook"} {
		if shown := cmd.Flags().Lookup(name).DefValue; shown != "" {
			t.Errorf("--help shows %q for --%s", shown, name)
		}
	}
}
