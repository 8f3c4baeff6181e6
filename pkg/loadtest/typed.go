package loadtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/linnet-delivery/linnet/pkg/loadtest/generator"
)

// typedKeys are the keys of the metadata of a task of type load.
var typedKeys = []string{
	"type", "url", "qps", "connections", "duration", "requests", "timeout", "method", "body", "headers", "host", "protocol", "call", "service",
	"logCmdOutput", "returnCmdOutput",
}

// typedJob returns the load that metadata of type load describes.
func (s *Server) typedJob(p Payload) (job, error) {
	plan, err := typedPlan(p.Metadata)
	if err == nil {
		err = plan.Validate()
	}
	if err != nil {
		return job{}, refuse(http.StatusBadRequest, "load", "%w", err)
	}
	return s.loadJob(p, plan, canonical(p.Metadata))
}

// typedPlan reads metadata. A key that is unknown is an error, since a typing error must not change a load in silence.
func typedPlan(metadata map[string]string) (generator.Plan, error) {
	for key := range metadata {
		if !slices.Contains(typedKeys, key) {
			return generator.Plan{}, fmt.Errorf("the key %q is none of a load's: %s", key, strings.Join(typedKeys[1:], ", "))
		}
	}
	m := metadataReader{metadata: metadata}
	plan := generator.Plan{
		Protocol:    generator.Protocol(cmp.Or(metadata["protocol"], string(generator.HTTP1))),
		URL:         metadata["url"],
		Host:        metadata["host"],
		Body:        []byte(metadata["body"]),
		Call:        metadata["call"],
		Service:     metadata["service"],
		QPS:         m.number("qps", 10),
		Connections: int(m.number("connections", 2)),
		Requests:    int64(m.number("requests", 0)),
		Duration:    m.duration("duration", time.Minute),
		Timeout:     m.duration("timeout", 10*time.Second),
		Header:      m.headers(),
	}
	plan.Method = cmp.Or(metadata["method"], defaultMethod(plan.Body))
	return plan, m.err
}

func defaultMethod(body []byte) string {
	if len(body) > 0 {
		return http.MethodPost
	}
	return http.MethodGet
}

// metadataReader reads values, and keeps the first error.
type metadataReader struct {
	metadata map[string]string
	err      error
}

func (m *metadataReader) number(key string, otherwise float64) float64 {
	text := m.metadata[key]
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 {
		m.fail("%s is %q, and must be a number of 0 or more", key, text)
	}
	return n
}

func (m *metadataReader) duration(key string, otherwise time.Duration) time.Duration {
	text := m.metadata[key]
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		m.fail("%s is %q, and must be a duration such as 90s", key, text)
	}
	return d
}

// headers reads one header a line.
func (m *metadataReader) headers() http.Header {
	h := http.Header{}
	for line := range strings.Lines(m.metadata["headers"]) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(key) == "" {
			m.fail("headers has the line %q, and each must be Name: value", line)
			continue
		}
		h.Add(strings.TrimSpace(key), strings.TrimSpace(value))
	}
	return h
}

func (m *metadataReader) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

// canonical returns metadata as one line, the same for the same load.
func canonical(metadata map[string]string) string {
	var b strings.Builder
	b.WriteString("load")
	for _, key := range typedKeys[1:] {
		if value, ok := metadata[key]; ok {
			fmt.Fprintf(&b, " %s=%q", key, value)
		}
	}
	return b.String()
}
