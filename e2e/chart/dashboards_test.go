package chart_test

import (
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	v2 "helm.sh/helm/v4/pkg/chart/v2"
	corev1 "k8s.io/api/core/v1"
)

func TestDashboardsAreInAConfigMap(t *testing.T) {
	const dashboard = `{"title": "Canary", "legend": "{{ name }}"}`
	with := func(c *v2.Chart) {
		c.Files = append(c.Files, &common.File{Name: "dashboards/test.json", Data: []byte(dashboard)})
	}
	on := parse(t, "grafanaDashboard: {enabled: true, namespace: monitoring}")
	maps := only[*corev1.ConfigMap](render(t, "linnet", on, with))
	if len(maps) != 1 {
		t.Fatalf("%d ConfigMaps, want one", len(maps))
	}
	got := maps[0]
	if got.Data["test.json"] != dashboard {
		t.Errorf("the ConfigMap holds %q, want %q", got.Data["test.json"], dashboard)
	}
	if got.Namespace != "monitoring" || got.Labels["grafana_dashboard"] != "1" {
		t.Errorf("it lives in %s with the labels %v, want monitoring and grafana_dashboard=1", got.Namespace, got.Labels)
	}
	if off := only[*corev1.ConfigMap](render(t, "linnet", nil, with)); len(off) != 0 {
		t.Errorf("%d ConfigMaps unless asked for, want none", len(off))
	}
}
