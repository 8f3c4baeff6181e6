// Command picture draws one release from what Prometheus recorded of it: the canary's weight, and
// success rate and latency of both sides, below each other on one time axis.
//
// It runs inside a lab, while or after a release: bin/lab exec NAME -- bin/picture -namespace N >release.svg
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// panel is one of the charts below each other.
type panel struct {
	title, unit string
	// top is the highest value shown; 0 means the highest there is.
	top float64
	// queries by the name of their line; %[1]s stands for the namespace, %[2]s for the Canary.
	queries map[string]string
	// steps draws levels rather than slopes.
	steps bool
}

var panels = []panel{
	{title: "canary weight", unit: "%", top: 100, steps: true, queries: map[string]string{
		"canary": `linnet_canary_weight{namespace="%[1]s",name="%[2]s",side="canary"}`,
	}},
	{title: "requests", unit: "/s", queries: bySide(`sum(rate(istio_requests_total{reporter="source",destination_workload_namespace="%%[1]s",destination_workload="%%[2]s%s"}[10s]))`)},
	{title: "success rate", unit: "%", top: 100, queries: bySide(
		`100 * sum(rate(istio_requests_total{reporter="source",response_code!~"5.*",destination_workload_namespace="%%[1]s",destination_workload="%%[2]s%[1]s"}[10s]))` +
			` / sum(rate(istio_requests_total{reporter="source",destination_workload_namespace="%%[1]s",destination_workload="%%[2]s%[1]s"}[10s]))`)},
	{title: "latency, 99th percentile", unit: "ms", queries: bySide(
		`histogram_quantile(0.99, sum by (le) (rate(istio_request_duration_milliseconds_bucket{reporter="source",destination_workload_namespace="%%[1]s",destination_workload="%%[2]s%s"}[10s])))`)},
}

// bySide returns a query for each side, which differ in the name of the workload.
func bySide(query string) map[string]string {
	return map[string]string{"primary": fmt.Sprintf(query, "-primary"), "canary": fmt.Sprintf(query, "")}
}

func main() {
	address := flag.String("prometheus", "http://10.244.0.1:9090", "address of Prometheus")
	namespace := flag.String("namespace", "test", "namespace of the Canary")
	name := flag.String("canary", "podinfo", "name of the Canary and of its target")
	last := flag.Duration("last", 3*time.Minute, "how much time to draw, up to now")
	flag.Parse()
	if err := draw(*address, *namespace, *name, *last); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func draw(address, namespace, name string, last time.Duration) error {
	client, err := api.NewClient(api.Config{Address: address})
	if err != nil {
		return fmt.Errorf("reach Prometheus at %s: %w", address, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	now := time.Now()
	window := prometheusv1.Range{Start: now.Add(-last), End: now, Step: time.Second}
	charts := make([]chart, 0, len(panels))
	for _, p := range panels {
		c := chart{panel: p, lines: map[string][]model.SamplePair{}}
		for line, query := range p.queries {
			if c.lines[line], err = recorded(ctx, prometheusv1.NewAPI(client), fmt.Sprintf(query, namespace, name), window); err != nil {
				return fmt.Errorf("%s of the %s: %w", p.title, line, err)
			}
		}
		charts = append(charts, c)
	}
	_, err = os.Stdout.WriteString(picture(charts, window))
	return err
}

// recorded returns the samples of a query that has one series, none when it has no series.
func recorded(ctx context.Context, prometheus prometheusv1.API, query string, window prometheusv1.Range) ([]model.SamplePair, error) {
	value, _, err := prometheus.QueryRange(ctx, query, window)
	if err != nil {
		return nil, fmt.Errorf("ask Prometheus: %w", err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok || len(matrix) == 0 {
		return nil, nil
	}
	return matrix[0].Values, nil
}
