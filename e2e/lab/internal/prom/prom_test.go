package prom

import (
	"os"
	"regexp"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
)

type scrapeJob struct {
	JobName        string `json:"job_name"`
	MetricRelabels []struct {
		Action, Regex string
	} `json:"metric_relabel_configs"`
	Relabels []struct {
		SourceLabels []string `json:"source_labels"`
		Action       string
		Regex        string
		Replacement  string
	} `json:"relabel_configs"`
}

func jobs(t *testing.T) map[string]scrapeJob {
	t.Helper()
	t.Setenv(layout.StateEnv, t.TempDir())
	l, err := layout.New("dev")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(l.State(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteConfig(l); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(l.State("prometheus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		ScrapeConfigs []scrapeJob `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	byName := map[string]scrapeJob{}
	for _, job := range config.ScrapeConfigs {
		byName[job.JobName] = job
	}
	return byName
}

func TestEachMetricIsKeptByOneJobOnly(t *testing.T) {
	found := jobs(t)
	for metric, want := range map[string]string{
		"istio_requests_total":              "envoy",
		"istio_request_duration_bucket":     "envoy",
		"http_requests_total":               "pods",
		"http_request_duration_seconds_sum": "pods",
		"linnet_canary_weight":              "pods",
		"flagger_canary_status":             "pods",
		"envoy_cluster_upstream_rq":         "",
		"go_gc_duration_seconds":            "",
	} {
		got := ""
		for name, job := range found {
			for _, relabel := range job.MetricRelabels {
				if relabel.Action == "keep" && regexp.MustCompile("^(?:"+relabel.Regex+")$").MatchString(metric) {
					got += name
				}
			}
		}
		if got != want {
			t.Errorf("%s is kept by %q, want %q", metric, got, want)
		}
	}
}

func TestAnnotatedPortReplacesThePodsAddress(t *testing.T) {
	for _, relabel := range jobs(t)["pods"].Relabels {
		if len(relabel.SourceLabels) != 2 {
			continue
		}
		expression := regexp.MustCompile("^(?:" + relabel.Regex + ")$")
		if got := expression.ReplaceAllString("10.244.0.12;9797", "$1:$2"); got != "10.244.0.12:9797" || relabel.Replacement != "$1:$2" {
			t.Errorf("address becomes %q by %q", got, relabel.Replacement)
		}
		return
	}
	t.Error("no rule joins address and port")
}

func TestServicesLeadToPrometheus(t *testing.T) {
	objects, err := Services()
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 2 || !objects[0].Is("Service", "prometheus") || objects[0].Namespace() != "istio-system" {
		t.Errorf("objects are %v", objects)
	}
}
