// Package prom knows how a lab's Prometheus is configured, started and asked.
package prom

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/template"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/proc"
)

// Component is what Prometheus is called in logs and records.
const Component = "prometheus"

// URL is where Prometheus answers inside the lab's network namespace.
var URL = fmt.Sprintf("http://%s:%d", layout.NodeIP, layout.PrometheusPort)

//go:embed files/*.tmpl
var files embed.FS

func render(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(files, "files/"+name+".tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse template %s: %w", name, err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// WriteConfig writes Prometheus' configuration.
func WriteConfig(l layout.Lab) error {
	data, err := render("prometheus.yaml", l)
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.State("prometheus.yaml"), data, 0o644); err != nil {
		return fmt.Errorf("write configuration of Prometheus: %w", err)
	}
	return nil
}

// Process returns how Prometheus is started. It listens on all addresses, as pods reach it through the node's.
func Process(l layout.Lab) proc.Spec {
	return proc.Spec{Name: Component, Command: []string{l.Cache.Bin("prometheus"),
		"--config.file=" + l.State("prometheus.yaml"),
		"--storage.tsdb.path=" + l.State("prometheus"),
		"--storage.tsdb.retention.time=2h",
		"--web.listen-address=0.0.0.0:" + strconv.Itoa(layout.PrometheusPort),
		"--web.enable-lifecycle",
		"--log.level=warn",
	}}
}

// Services returns the objects that lead pods to Prometheus.
func Services() ([]kube.Object, error) {
	data, err := render("service.yaml", struct {
		ServiceIP, NodeIP string
		Port              int
	}{layout.PrometheusIP, layout.NodeIP, layout.PrometheusPort})
	if err != nil {
		return nil, err
	}
	return kube.Parse(data)
}

// Value asks for a query that has one value. It returns 0 when the query has no result.
func Value(ctx context.Context, client *http.Client, query string) (float64, error) {
	address := URL + "/api/v1/query?" + url.Values{"query": {query}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, fmt.Errorf("build query: %w", err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var body struct {
		Error string
		Data  struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return 0, fmt.Errorf("parse answer of Prometheus: %w", err)
	}
	if body.Error != "" {
		return 0, fmt.Errorf("query Prometheus: %s", body.Error)
	}
	if len(body.Data.Result) == 0 {
		return 0, nil
	}
	text, _ := body.Data.Result[0].Value[1].(string)
	return strconv.ParseFloat(text, 64)
}
