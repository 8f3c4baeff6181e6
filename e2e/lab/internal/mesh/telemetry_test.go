package mesh

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Istio's standard labels, which every metric has with either reporter.
var standardLabels = []string{
	"connection_security_policy", "destination_app", "destination_canonical_revision", "destination_canonical_service",
	"destination_cluster", "destination_principal", "destination_service", "destination_service_name",
	"destination_service_namespace", "destination_version", "destination_workload", "destination_workload_namespace",
	"grpc_response_status", "reporter", "request_protocol", "response_code", "response_flags",
	"source_app", "source_canonical_revision", "source_canonical_service", "source_cluster", "source_principal",
	"source_version", "source_workload", "source_workload_namespace",
}

func TestTagsAreIstiosStandardLabels(t *testing.T) {
	for name, tags := range map[string][]tag{"source": sourceTags(), "destination": destinationTags()} {
		t.Run(name, func(t *testing.T) {
			count := map[string]int{}
			for _, tag := range tags {
				count[tag.name]++
			}
			want := map[string]int{}
			for _, label := range standardLabels {
				want[label] = 1
			}
			if diff := cmp.Diff(want, count); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if tags[0] != (tag{"reporter", name}) {
				t.Errorf("reporter is %v", tags[0])
			}
		})
	}
}

func TestExpressionsAreBalanced(t *testing.T) {
	for _, tag := range append(sourceTags(), destinationTags()...) {
		for _, pair := range []string{"()", "[]"} {
			if strings.Count(tag.value, pair[:1]) != strings.Count(tag.value, pair[1:]) && !strings.Contains(tag.value, "re.extract") {
				t.Errorf("%s: unbalanced %s in %s", tag.name, pair, tag.value)
			}
		}
		if strings.Count(tag.value, "'")%2 != 0 || strings.Contains(tag.value, "%!") {
			t.Errorf("%s: broken expression %s", tag.name, tag.value)
		}
	}
}

func TestOnlyServersLeaveScrapesOut(t *testing.T) {
	got := map[string]bool{}
	spec := Telemetry()["spec"].(map[string]any)
	for _, p := range spec["configPatches"].([]any) {
		patch := p.(map[string]any)
		context := patch["match"].(map[string]any)["context"].(string)
		value := patch["patch"].(map[string]any)["value"].(map[string]any)["typed_config"].(map[string]any)
		_, got[context] = value["access_log"].([]any)[0].(map[string]any)["filter"]
	}
	want := map[string]bool{"GATEWAY": false, "SIDECAR_OUTBOUND": false, "SIDECAR_INBOUND": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("filters (-want +got):\n%s", diff)
	}
}
