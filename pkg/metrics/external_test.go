package metrics

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// externalValues is an answer of the external metrics API with one fresh item for each value.
func externalValues(values ...string) string {
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = fmt.Sprintf(`{"metricName":"queue","metricLabels":{"i":"%d"},"timestamp":%q,"value":%q}`, i, time.Unix(now, 0).UTC().Format(time.RFC3339), v)
	}
	return `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","items":[` + strings.Join(items, ",") + `]}`
}

// apiServer returns a client of the API server at the address, with the controller's own token.
func apiServer(t *testing.T, address string) rest.Interface {
	t.Helper()
	c, err := rest.UnversionedRESTClientFor(&rest.Config{
		Host: address, BearerToken: "controller", APIPath: "/",
		ContentConfig: rest.ContentConfig{NegotiatedSerializer: serializer.NewCodecFactory(clientgoscheme.Scheme).WithoutConversion()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func externally(address, query string, edits ...func(*flaggerv1.MetricTemplate)) *flaggerv1.MetricTemplate {
	return template(address, append(edits, of("externalmetrics"), asking(query))...)
}

func TestTheExternalMetricsAPIIsAsked(t *testing.T) {
	tests := map[string]struct {
		query, path, selector string
	}{
		"a metric alone":            {"queue", "default/queue", ""},
		"a namespace":               {"{{ namespace }}/queue", "test/queue", ""},
		"an empty namespace":        {"/queue", "default/queue", ""},
		"a selector":                {"test/queue?labelSelector=app%3D{{ target }}%2Ctier%21%3Dfront", "test/queue", "app=podinfo,tier!=front"},
		"a selector as it is":       {"test/queue?labelSelector=app={{ target }}", "test/queue", "app=podinfo"},
		"a metric of an adapter":    {"test/datadogmetric@test:latency", "test/datadogmetric@test:latency", ""},
		"no selector is everything": {"test/queue?labelSelector=", "test/queue", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			api := newPrometheus(t, answering(externalValues("4500m")))
			a := analyst(t, "", externally("", tc.query))
			a.API = apiServer(t, api.URL)
			expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Pass, "4.5")
			got := api.asked()[0]
			want := "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + tc.path
			if got.URL.Path != want || got.FormValue("labelSelector") != tc.selector || got.Method != http.MethodGet {
				t.Errorf("asked %s %s, want path %s and selector %q", got.Method, got.URL, want, tc.selector)
			}
		})
	}
}

func TestAnswersOfTheExternalMetricsAPI(t *testing.T) {
	stale := strings.Replace(externalValues("4"), time.Unix(now, 0).UTC().Format(time.RFC3339), "2020-01-01T00:00:00Z", 1)
	tests := map[string]struct {
		query    string
		answer   http.HandlerFunc
		want     analysis.Outcome
		wantText string
	}{
		"a value":                  {answer: answering(externalValues("4")), want: analysis.Pass, wantText: "4"},
		"a value above":            {answer: answering(externalValues("1k")), want: analysis.Fail, wantText: "latency is 1000, above the maximum of 5"},
		"a value without a time":   {answer: answering(`{"items":[{"value":"1"}]}`), want: analysis.Pass, wantText: "1"},
		"no value":                 {answer: answering(externalValues()), want: analysis.NoData, wantText: "the external metrics API has no such metric"},
		"a value that is old":      {answer: answering(stale), want: analysis.NoData, wantText: "the newest value is "},
		"several values":           {answer: answering(externalValues("1", "2")), want: analysis.Error, wantText: "the query returned 2 values; narrow it with labelSelector"},
		"an item without a value":  {answer: answering(`{"items":[{}]}`), want: analysis.Error, wantText: "gave a metric without a value"},
		"a value that is none":     {answer: answering(externalValues("many")), want: analysis.Error, wantText: "gave an answer that is no list of values"},
		"no list":                  {answer: answering(`{"kind":"Status"}`), want: analysis.Error, wantText: "gave an answer that is no list of values"},
		"no JSON":                  {answer: answering(`ok`), want: analysis.Error, wantText: "gave an answer that is no list of values"},
		"a refusal":                {answer: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no adapter", http.StatusNotFound) }, want: analysis.Error, wantText: "the external metrics API answered: "},
		"an answer without an end": {answer: answering(strings.Repeat(" ", 2<<20)), want: analysis.Error, wantText: "gave an answer of more than 1048576 bytes"},
		"a path out of the API":    {query: "../secrets", want: analysis.Error, wantText: "write NAMESPACE/METRIC?labelSelector=SELECTOR"},
		"a path further on":        {query: "test/queue/status", want: analysis.Error, wantText: "write NAMESPACE/METRIC?labelSelector=SELECTOR"},
		"an encoded path":          {query: "test/%2e%2e", want: analysis.Error, wantText: "write NAMESPACE/METRIC?labelSelector=SELECTOR"},
		"no metric":                {query: "test/", want: analysis.Error, wantText: "write NAMESPACE/METRIC?labelSelector=SELECTOR"},
		"a selector that is none":  {query: "queue?labelSelector=a%20b", want: analysis.Error, wantText: "parse the labelSelector of the query"},
		"parameters that are none": {query: "queue?labelSelector=%", want: analysis.Error, wantText: "write NAMESPACE/METRIC?labelSelector=SELECTOR"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if tc.answer == nil {
				tc.answer = answering(externalValues("4"))
			}
			if tc.query == "" {
				tc.query = "queue"
			}
			api := newPrometheus(t, tc.answer)
			a := analyst(t, "", externally("", tc.query))
			a.API = apiServer(t, api.URL)
			expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, tc.want, tc.wantText)

			named := analyst(t, "", externally(api.URL, tc.query))
			if tc.wantText == "the external metrics API answered: " {
				tc.wantText = "answered with status 404"
			}
			expect(t, named.Analyse(context.Background(), canary(templated(""))).Checks, tc.want, tc.wantText)
		})
	}
}

func TestAServerOfExternalMetricsGetsTheTemplatesCredentialsOnly(t *testing.T) {
	tests := map[string]struct {
		edits []func(*flaggerv1.MetricTemplate)
		want  string
	}{
		"none":             {},
		"those of a token": {edits: []func(*flaggerv1.MetricTemplate){withSecret}, want: "Bearer s3cret"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newPrometheus(t, answering(externalValues("4")))
			own := newPrometheus(t, answering(externalValues("9")))
			a := analyst(t, "", externally(server.URL+"/base", "test/queue?labelSelector=a=b", tc.edits...), secret(map[string]string{"token": "s3cret"}))
			a.API = apiServer(t, own.URL)
			expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Pass, "4")
			got := server.asked()[0]
			if diff := cmp.Diff([]string{tc.want, "/base/apis/external.metrics.k8s.io/v1beta1/namespaces/test/queue", "a=b"},
				[]string{got.Header.Get("Authorization"), got.URL.Path, got.FormValue("labelSelector")}); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if len(own.asked()) > 0 {
				t.Error("the cluster's own API was asked as well")
			}
		})
	}
}

func TestExternalMetricsOfOtherNamespaces(t *testing.T) {
	const refusal = "which this controller does not allow: begin it with {{ namespace }}/"
	tests := map[string]struct {
		query string
		want  analysis.Outcome
		text  string
	}{
		"the own namespace":   {"{{ namespace }}/queue", analysis.Pass, "4"},
		"another namespace":   {"ops/queue", analysis.Error, "metric of namespace ops, " + refusal},
		"no namespace at all": {"queue", analysis.Error, "metric of namespace default, " + refusal},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			api := newPrometheus(t, answering(externalValues("4")))
			a := analyst(t, "", externally("", tc.query))
			a.API, a.NoCrossNamespaceRefs = apiServer(t, api.URL), true
			expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, tc.want, tc.text)
		})
	}
}

func TestWithoutAClientThereAreNoExternalMetrics(t *testing.T) {
	expect(t, analyst(t, "", externally("", "queue")).Analyse(context.Background(), canary(templated(""))).Checks,
		analysis.Error, "this controller has no client for the external metrics API")
}

func TestEveryOtherProviderIsRefused(t *testing.T) {
	for provider := range strings.FieldsSeq("influxdb datadog stackdriver cloudwatch newrelic graphite dynatrace keptn splunk") {
		t.Run(provider, func(t *testing.T) {
			a := analyst(t, "", template("http://x", of(provider)))
			want := fmt.Sprintf("metric latency: MetricTemplate test/latency asks provider %q, which is not supported yet: use prometheus or externalmetrics, for which most systems have an exporter or an adapter", provider)
			if err := a.Check(context.Background(), canary(templated(""))); err == nil || err.Error() != want {
				t.Errorf("Check() = %v, want %s", err, want)
			}
		})
	}
}
