package mesh

import (
	"fmt"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
)

// statPrefix is the stat namespace that the wasm module registers.
const statPrefix = "wasmcustom"

const unknown = "unknown"

// tag is one label of a metric, with an Envoy format string for its value.
type tag struct{ name, value string }

// Telemetry returns the EnvoyFilter that makes a stock Envoy count requests under Istio's metric names.
//
// Stock Envoy has no istio.stats filter; its access logger for stats does the counting, and
// expressions over istiod's endpoint and cluster metadata fill the labels. Without metadata exchange
// a server does not know who calls it: with reporter="destination" the source labels are "unknown".
func Telemetry() kube.Object {
	return kube.Object{
		"apiVersion": "networking.istio.io/v1alpha3",
		"kind":       "EnvoyFilter",
		"metadata":   map[string]any{"name": "istio-standard-metrics", "namespace": SystemNamespace},
		"spec": map[string]any{
			"priority": -10,
			"configPatches": []any{
				logPatch("GATEWAY", statsLogger(sourceTags())),
				logPatch("SIDECAR_OUTBOUND", statsLogger(sourceTags())),
				logPatch("SIDECAR_INBOUND", withoutScrapes(statsLogger(destinationTags()))),
			},
		},
	}
}

func logPatch(context string, logger map[string]any) map[string]any {
	const connectionManager = "envoy.filters.network.http_connection_manager"
	return map[string]any{
		"applyTo": "NETWORK_FILTER",
		"match": map[string]any{
			"context":  context,
			"listener": map[string]any{"filterChain": map[string]any{"filter": map[string]any{"name": connectionManager}}},
		},
		"patch": map[string]any{
			"operation": "MERGE",
			"value": map[string]any{"typed_config": map[string]any{
				"@type":      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
				"access_log": []any{logger},
			}},
		},
	}
}

func statsLogger(tags []tag) map[string]any {
	var values []any
	for _, t := range tags {
		values = append(values, map[string]any{"name": t.name, "value_format": t.value})
	}
	stat := func(name string) map[string]any { return map[string]any{"name": name, "tags": values} }
	histogram := func(name, unit, value string) any {
		return map[string]any{"stat": stat(name), "unit": unit, "value_format": value}
	}
	return map[string]any{
		"name": "envoy.access_loggers.stats",
		"typed_config": map[string]any{
			"@type":       "type.googleapis.com/envoy.extensions.access_loggers.stats.v3.Config",
			"stat_prefix": statPrefix,
			"counters":    []any{map[string]any{"stat": stat("istio_requests_total"), "value_fixed": 1}},
			"histograms": []any{
				histogram("istio_request_duration_milliseconds", "Milliseconds", "%DURATION%"),
				histogram("istio_request_bytes", "Bytes", "%BYTES_RECEIVED%"),
				histogram("istio_response_bytes", "Bytes", "%BYTES_SENT%"),
			},
		},
	}
}

// withoutScrapes leaves out what Prometheus asks applications for. Istio's agent takes that traffic past the
// sidecar; here it would look like a stream of good requests to an application that nobody calls.
func withoutScrapes(logger map[string]any) map[string]any {
	logger["filter"] = map[string]any{"header_filter": map[string]any{"header": map[string]any{
		"name":                          "user-agent",
		"string_match":                  map[string]any{"prefix": "Prometheus/"},
		"invert_match":                  true,
		"treat_missing_header_as_empty": true,
	}}}
	return logger
}

// sourceTags are counted by the client's proxy: the gateway, or a sidecar for outbound requests.
func sourceTags() []tag {
	return append([]tag{
		{"reporter", "source"},
		{"source_workload", cel(nodeField("WORKLOAD_NAME"))},
		{"source_workload_namespace", cel(nodeField("NAMESPACE"))},
		{"source_canonical_service", cel(canonicalName)},
		{"source_canonical_revision", cel(canonicalRevision)},
		{"source_app", cel(nodeLabel("app"))},
		{"source_version", cel(nodeLabel("version"))},
		{"source_cluster", cel(nodeField("CLUSTER_ID"))},
		{"source_principal", unknown},
		{"destination_workload", cel(endpointField(0))},
		{"destination_workload_namespace", cel(endpointField(1))},
		{"destination_canonical_service", cel(endpointField(2))},
		{"destination_canonical_revision", cel(endpointField(3))},
		{"destination_cluster", cel(endpointField(4))},
		{"destination_app", cel(endpointField(2))},
		{"destination_version", cel(endpointField(3))},
		{"destination_principal", unknown},
		{"connection_security_policy", unknown},
	}, sharedTags()...)
}

// destinationTags are counted by the server's sidecar.
func destinationTags() []tag {
	return append([]tag{
		{"reporter", "destination"},
		{"source_workload", unknown},
		{"source_workload_namespace", unknown},
		{"source_canonical_service", unknown},
		{"source_canonical_revision", "latest"},
		{"source_app", unknown},
		{"source_version", unknown},
		{"source_cluster", unknown},
		{"source_principal", cel("connection.mtls ? connection.uri_san_peer_certificate : 'unknown'")},
		{"destination_workload", cel(nodeField("WORKLOAD_NAME"))},
		{"destination_workload_namespace", cel(nodeField("NAMESPACE"))},
		{"destination_canonical_service", cel(canonicalName)},
		{"destination_canonical_revision", cel(canonicalRevision)},
		{"destination_cluster", cel(nodeField("CLUSTER_ID"))},
		{"destination_app", cel(nodeLabel("app"))},
		{"destination_version", cel(nodeLabel("version"))},
		{"destination_principal", unknown},
		{"connection_security_policy", cel("connection.mtls ? 'mutual_tls' : 'none'")},
	}, sharedTags()...)
}

func sharedTags() []tag {
	return []tag{
		{"destination_service", cel(serviceField("host"))},
		{"destination_service_name", cel(serviceField("name"))},
		{"destination_service_namespace", cel(serviceField("namespace"))},
		{"request_protocol", cel(protocol)},
		{"response_code", "%RESPONSE_CODE%"},
		{"response_flags", "%RESPONSE_FLAGS%"},
		{"grpc_response_status", "%GRPC_STATUS_NUMBER%"},
	}
}

// Expressions. What may be absent is asked for first: an expression that fails leaves the label empty.
const (
	node     = "xds.node.metadata"
	endpoint = "xds.upstream_host_metadata.filter_metadata"
	service  = "xds.cluster_metadata.filter_metadata"

	protocol = "has(request.headers) && 'content-type' in request.headers && " +
		"request.headers['content-type'].startsWith('application/grpc') ? 'grpc' : 'http'"
)

var (
	canonicalName = fmt.Sprintf("%s ? %s : (%s ? %s : %s['WORKLOAD_NAME'])",
		hasNodeLabel("service.istio.io/canonical-name"), nodeLabelValue("service.istio.io/canonical-name"),
		hasNodeLabel("app"), nodeLabelValue("app"), node)
	canonicalRevision = fmt.Sprintf("%s ? %s : 'latest'", hasNodeLabel("version"), nodeLabelValue("version"))
)

func cel(expression string) string { return "%CEL(" + expression + ")%" }

// nodeField is a field of the proxy's own metadata.
func nodeField(key string) string {
	return fmt.Sprintf("'%[1]s' in %[2]s ? %[2]s['%[1]s'] : 'unknown'", key, node)
}

func nodeLabel(key string) string {
	return fmt.Sprintf("%s ? %s : 'unknown'", hasNodeLabel(key), nodeLabelValue(key))
}

func hasNodeLabel(key string) string {
	return fmt.Sprintf("'LABELS' in %[1]s && '%[2]s' in %[1]s['LABELS']", node, key)
}

func nodeLabelValue(key string) string { return fmt.Sprintf("%s['LABELS']['%s']", node, key) }

// endpointField is the i-th field of what istiod says of the chosen endpoint:
// workload;namespace;canonical name;canonical revision;cluster. No endpoint chosen is "unknown".
func endpointField(i int) string {
	pattern := "^" + strings.Repeat("[^;]*;", i) + "([^;]*).*"
	return fmt.Sprintf(`has(xds.upstream_host_metadata) && 'istio' in %[1]s ? re.extract(%[1]s['istio']['workload'], '%[2]s', '\\1') : 'unknown'`,
		endpoint, pattern)
}

// serviceField is a field of the Service that the request was routed to.
func serviceField(key string) string {
	return fmt.Sprintf("has(xds.cluster_metadata) && 'istio' in %[1]s && 'services' in %[1]s['istio'] ? %[1]s['istio']['services'][0]['%[2]s'] : 'unknown'",
		service, key)
}
