package framework

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// MetricServer answers Prometheus queries with numbers that a test sets, and knows
// to the millisecond when it did. It also has a webhook that never answers.
type MetricServer struct {
	// Address is host:port, as pods reach it.
	Address string

	mu       sync.Mutex
	values   map[string]float64
	answered map[string]time.Time
}

// ServeMetrics starts a server that ends with ctx.
func (c *Cluster) ServeMetrics(ctx context.Context) (*MetricServer, error) {
	node, err := c.nodeAddress(ctx)
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(node, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen for metric queries: %w", err)
	}
	s := &MetricServer{
		Address: listener.Addr().String(),
		values:  map[string]float64{}, answered: map[string]time.Time{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", s.query)
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return s, nil
}

// nodeAddress returns where pods reach the processes of the lab's network.
func (c *Cluster) nodeAddress(ctx context.Context) (string, error) {
	nodes := &corev1.NodeList{}
	if err := c.List(ctx, nodes); err != nil {
		return "", fmt.Errorf("list nodes: %w", err)
	}
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				return address.Address, nil
			}
		}
	}
	return "", fmt.Errorf("find the node's address among %d nodes", len(nodes.Items))
}

// Set makes value the answer to queries of a namespace. Before that there is none.
func (s *MetricServer) Set(namespace string, value float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[namespace] = value
}

// Answered returns when a namespace's query was answered last.
func (s *MetricServer) Answered(namespace string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered[namespace]
}

func (s *MetricServer) query(w http.ResponseWriter, r *http.Request) {
	_, rest, _ := strings.Cut(r.FormValue("query"), `namespace="`)
	namespace, _, _ := strings.Cut(rest, `"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	result := ""
	if value, ok := s.values[namespace]; ok {
		result = fmt.Sprintf(`{"metric":{},"value":[%d,"%g"]}`, time.Now().Unix(), value)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, result)
	s.answered[namespace] = time.Now()
}

// Template returns the MetricTemplate of a namespace that asks this server.
func (s *MetricServer) Template(namespace string) *flaggerv1.MetricTemplate {
	return &flaggerv1.MetricTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "set-by-test"},
		Spec: flaggerv1.MetricTemplateSpec{
			Provider: flaggerv1.MetricProvider{Type: "prometheus", Address: "http://" + s.Address},
			Query:    `set_by_test{namespace="{{ namespace }}"}`,
		},
	}
}

// Check returns the check that this server's number is at least minimum.
func (s *MetricServer) Check(minimum float64) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{
		Name: "set-by-test", Interval: "10s",
		TemplateRef:    &flaggerv1.CrossNamespaceReference{Name: "set-by-test"},
		ThresholdRange: &flaggerv1.ThresholdRange{Min: &minimum},
	}
}
