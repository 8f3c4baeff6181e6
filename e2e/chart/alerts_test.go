package chart_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// rules returns the alerts of the chart with their names.
func rules(t *testing.T, values string) map[string]rule {
	t.Helper()
	found := map[string]rule{}
	for _, r := range only[*PrometheusRule](render(t, "linnet", parse(t, values))) {
		for _, g := range r.Spec.Groups {
			for _, rule := range g.Rules {
				found[rule.Alert] = rule
			}
		}
	}
	if len(found) < 8 {
		t.Fatalf("%d alerts, want 8 at least", len(found))
	}
	return found
}

func TestRunbooksAreThere(t *testing.T) {
	const site = "https://github.com/linnet-delivery/linnet/blob/main/"
	for name, r := range rules(t, "prometheusRule: {enabled: true}") {
		t.Run(name, func(t *testing.T) {
			page, anchor, _ := strings.Cut(strings.TrimPrefix(r.Annotations["runbook_url"], site), "#")
			if !anchors(read(t, filepath.Join(root, page)))[anchor] {
				t.Errorf("%s has no heading for #%s", page, anchor)
			}
		})
	}
	for name, r := range rules(t, "prometheusRule: {enabled: true, runbookURL: 'https://a/b'}") {
		if !strings.HasPrefix(r.Annotations["runbook_url"], "https://a/b#") {
			t.Errorf("%s has the runbook %s, want one under https://a/b", name, r.Annotations["runbook_url"])
		}
	}
}

// anchors returns the anchors of a page's headings.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		lower := strings.ToLower(heading[1])
		found[strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(lower, ""), " ", "-")] = true
	}
	return found
}

func TestAlertsAskForSeriesThatExist(t *testing.T) {
	series := read(t, filepath.Join(root, "pkg", "telemetry", "collectors.go"))
	for name, r := range rules(t, "prometheusRule: {enabled: true}") {
		t.Run(name, func(t *testing.T) {
			for _, metric := range regexp.MustCompile(`linnet_\w+`).FindAllString(r.Expr, -1) {
				if !strings.Contains(series, `"`+metric+`"`) {
					t.Errorf("%s is no series of the controller", metric)
				}
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%+v has no summary, description or severity", r)
			}
		})
	}
}
