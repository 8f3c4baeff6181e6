package metrics

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// template returns the MetricTemplate test/latency, changed by edits.
func template(address string, edits ...func(*flaggerv1.MetricTemplate)) *flaggerv1.MetricTemplate {
	t := &flaggerv1.MetricTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "latency"}}
	t.Spec.Provider = flaggerv1.MetricProvider{Type: "prometheus", Address: address}
	t.Spec.Query = `latency{ns="{{ namespace }}"}[{{ interval }}]`
	for _, edit := range edits {
		edit(t)
	}
	return t
}

func in(namespace string) func(*flaggerv1.MetricTemplate) {
	return func(t *flaggerv1.MetricTemplate) { t.Namespace = namespace }
}

func of(provider string) func(*flaggerv1.MetricTemplate) {
	return func(t *flaggerv1.MetricTemplate) { t.Spec.Provider.Type = provider }
}

func asking(query string) func(*flaggerv1.MetricTemplate) {
	return func(t *flaggerv1.MetricTemplate) { t.Spec.Query = query }
}

func withSecret(t *flaggerv1.MetricTemplate) {
	t.Spec.Provider.SecretRef = &flaggerv1.LocalObjectReference{Name: "auth"}
}

func withHeaders(t *flaggerv1.MetricTemplate) {
	t.Spec.Provider.Headers = map[string][]string{"X-Scope-OrgID": {"team"}, "x-many": {"a", "b"}}
}

func secret(data map[string]string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "test", Name: "auth"}, Data: map[string][]byte{}}
	for k, v := range data {
		s.Data[k] = []byte(v)
	}
	return s
}

// templated returns a metric that refers to the template of the namespace.
func templated(namespace string) flaggerv1.CanaryMetric {
	return flaggerv1.CanaryMetric{
		Name: "latency", ThresholdRange: atMost(5),
		TemplateRef: &flaggerv1.CrossNamespaceReference{Name: "latency", Namespace: namespace},
	}
}

func TestTemplates(t *testing.T) {
	p := newPrometheus(t, answering(vector("4")))
	tests := map[string]struct {
		objects  []client.Object
		metric   flaggerv1.CanaryMetric
		strict   bool
		want     analysis.Outcome
		wantText string
	}{
		"a template of the Canary's namespace": {
			objects: []client.Object{template(p.URL)}, metric: templated(""), want: analysis.Pass, wantText: "4",
		},
		"a template of another namespace": {
			objects: []client.Object{template(p.URL, in("monitoring"))}, metric: templated("monitoring"), want: analysis.Pass, wantText: "4",
		},
		"a template of another namespace where that is not allowed": {
			objects: []client.Object{template(p.URL, in("monitoring"))}, metric: templated("monitoring"), strict: true,
			want: analysis.Error, wantText: "latency could not be measured: MetricTemplate monitoring/latency is in another namespace, which this controller does not allow",
		},
		"the own namespace named where others are not allowed": {
			objects: []client.Object{template(p.URL)}, metric: templated("test"), strict: true, want: analysis.Pass, wantText: "4",
		},
		"a template that is missing": {
			metric: templated(""), want: analysis.Error, wantText: "latency could not be measured: MetricTemplate test/latency does not exist",
		},
		"a provider that is not implemented": {
			objects: []client.Object{template("http://dd", of("datadog"))}, metric: templated(""),
			want: analysis.Error, wantText: `MetricTemplate test/latency asks provider "datadog", which is not supported yet: use prometheus or externalmetrics, for which most systems have an exporter or an adapter`,
		},
		"a template without an address": {
			objects: []client.Object{template("")}, metric: templated(""), want: analysis.Error, wantText: "not an http or https URL",
		},
		"a template that cannot be rendered": {
			objects: []client.Object{template(p.URL, asking("{{ variables.region }}"))}, metric: templated(""), want: analysis.Error, wantText: `no entry for key "region"`,
		},
		"a Secret that is missing": {
			objects: []client.Object{template(p.URL, withSecret)}, metric: templated(""), want: analysis.Error, wantText: "Secret test/auth does not exist",
		},
		"a Secret without credentials": {
			objects: []client.Object{template(p.URL, withSecret), secret(map[string]string{"username": "me"})}, metric: templated(""),
			want: analysis.Error, wantText: "use Secret test/auth: it has neither a token nor a username with a password",
		},
		"a metric with no query at all": {
			metric: flaggerv1.CanaryMetric{Name: "mystery"}, want: analysis.Error,
			wantText: "mystery could not be measured: it is not built in and has neither a templateRef nor a query",
		},
		"an interval that is no duration": {
			metric: flaggerv1.CanaryMetric{Name: "latency", Interval: "1min", Query: "x"}, want: analysis.Error,
			wantText: `interval "1min" is no duration such as 30s or 1m`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a := analyst(t, "http://0.0.0.0:1", tc.objects...)
			a.NoCrossNamespaceRefs = tc.strict
			expect(t, a.Analyse(context.Background(), canary(tc.metric)).Checks, tc.want, tc.wantText)
		})
	}
}

func TestTheQueryThatIsAsked(t *testing.T) {
	full := `{{ name }}|{{ namespace }}|{{ target }}|{{ service }}|{{ ingress }}|{{ route }}|{{ interval }}|{{ variables.code }}`
	tests := map[string]struct {
		edit  func(*flaggerv1.Canary)
		query string
		want  string
	}{
		"without references everything is named after the target": {
			query: full, want: "app|test|podinfo|podinfo|podinfo|podinfo|1m|5.*",
		},
		"references have their own names": {
			query: full, want: "app|test|podinfo|web|in|ro|30s|5.*",
			edit: func(c *flaggerv1.Canary) {
				c.Spec.Service.Name = "web"
				c.Spec.IngressRef = &flaggerv1.IngressReference{Name: "in"}
				c.Spec.RouteRef = &flaggerv1.RouteReference{Name: "ro"}
				c.Spec.Analysis.Metrics[0].Interval = "30s"
			},
		},
		"an inline query is asked as it is, on one line": {
			want: "sum( rate(x[5m]) )",
			edit: func(c *flaggerv1.Canary) {
				c.Spec.Analysis.Metrics[0] = flaggerv1.CanaryMetric{Name: "latency", Query: "sum(\n  rate(x[5m])\n)\n"}
			},
		},
		"a template wins over a query and over a built-in name": {
			query: "mine", want: "mine",
			edit: func(c *flaggerv1.Canary) {
				c.Spec.Analysis.Metrics[0].Name = flaggerv1.MetricRequestSuccessRate
				c.Spec.Analysis.Metrics[0].Query = "other"
			},
		},
		"a query wins over a built-in name": {
			want: "mine",
			edit: func(c *flaggerv1.Canary) {
				c.Spec.Analysis.Metrics[0] = flaggerv1.CanaryMetric{Name: flaggerv1.MetricRequestDuration, Query: "mine"}
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answering(vector("1")))
			metric := templated("")
			metric.TemplateVariables = map[string]string{"code": "5.*"}
			c := canary(metric)
			if tc.edit != nil {
				tc.edit(c)
			}
			analyst(t, p.URL, template(p.URL, asking(tc.query))).Analyse(context.Background(), c)
			var got []string
			for _, r := range p.asked() {
				got = append(got, r.URL.Path+" "+r.FormValue("query"))
			}
			if diff := cmp.Diff([]string{"/api/v1/query " + tc.want}, got); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatGoesWithAQuery(t *testing.T) {
	tests := map[string]struct {
		edits  []func(*flaggerv1.MetricTemplate)
		secret map[string]string
		want   http.Header
	}{
		"nothing": {want: http.Header{}},
		"headers": {
			edits: []func(*flaggerv1.MetricTemplate){withHeaders},
			want:  http.Header{"X-Scope-Orgid": {"team"}, "X-Many": {"a", "b"}},
		},
		"a token": {
			edits:  []func(*flaggerv1.MetricTemplate){withSecret},
			secret: map[string]string{"token": "s3cret\n"},
			want:   http.Header{"Authorization": {"Bearer s3cret"}},
		},
		"a user": {
			edits:  []func(*flaggerv1.MetricTemplate){withSecret},
			secret: map[string]string{"username": "me", "password": "you"},
			want:   http.Header{"Authorization": {"Basic bWU6eW91"}},
		},
		"a token before a user, and headers": {
			edits:  []func(*flaggerv1.MetricTemplate){withSecret, withHeaders},
			secret: map[string]string{"token": "s3cret", "username": "me", "password": "you"},
			want:   http.Header{"Authorization": {"Bearer s3cret"}, "X-Scope-Orgid": {"team"}, "X-Many": {"a", "b"}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPrometheus(t, answering(vector("1")))
			a := analyst(t, "", template(p.URL, tc.edits...), secret(tc.secret))
			for range 3 { // Defect G: each query added another value.
				a.Analyse(context.Background(), canary(templated("")))
			}
			asked := p.asked()
			if len(asked) != 3 {
				t.Fatalf("got %d queries, want 3", len(asked))
			}
			got := http.Header{}
			for _, name := range []string{"Authorization", "X-Scope-Orgid", "X-Many"} {
				if v := asked[2].Header.Values(name); v != nil {
					got[name] = v
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("headers of the third query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCredentialsDoNotFollowARedirect(t *testing.T) {
	thief := newPrometheus(t, answering(vector("1")))
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	a := analyst(t, "", template(p.URL, withSecret), secret(map[string]string{"token": "s3cret"}))
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Error, "307")
	if n := len(thief.asked()); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

// broken is an API server that cannot be read.
type broken struct{ client.Reader }

func (broken) Get(context.Context, client.ObjectKey, client.Object, ...client.GetOption) error {
	return errors.New("the API server is away")
}

func TestAnUnreadableAPIServerIsAnError(t *testing.T) {
	a := analyst(t, "", template("http://prometheus", withSecret))
	a.Secrets = broken{}
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Error, "read Secret test/auth: the API server is away")
	a.Reader = broken{}
	expect(t, a.Analyse(context.Background(), canary(templated(""))).Checks, analysis.Error, "read MetricTemplate test/latency: the API server is away")
}

func TestTheServerOfACanary(t *testing.T) {
	general := newPrometheus(t, answering(vector("100")))
	own := newPrometheus(t, answering(vector("100")))
	elsewhere := newPrometheus(t, answering(vector("100")))
	c := canary(successRate(atLeast(99)), inline(), templated(""))
	a := analyst(t, general.URL, template(elsewhere.URL))

	a.Analyse(context.Background(), c)
	if got := []int{len(general.asked()), len(own.asked()), len(elsewhere.asked())}; !cmp.Equal(got, []int{3, 0, 1}) {
		t.Errorf("queries at the default, own and template's server = %v, want [3 0 1]", got)
	}
	c.Spec.MetricsServer = own.URL
	a.Analyse(context.Background(), c)
	a.Silent(context.Background(), c, "podinfo")
	if got := []int{len(general.asked()), len(own.asked()), len(elsewhere.asked())}; !cmp.Equal(got, []int{3, 4, 2}) {
		t.Errorf("queries at the default, own and template's server = %v, want [3 4 2]", got)
	}
}

func TestTheAddressMayHaveAPath(t *testing.T) {
	p := newPrometheus(t, answering(vector("1")))
	analyst(t, p.URL+"/select/0/prometheus/").Analyse(context.Background(), canary(inline()))
	if got := p.asked()[0].URL.Path; got != "/select/0/prometheus/api/v1/query" {
		t.Errorf("path = %s", got)
	}
}

func TestAServerWithoutPostIsAskedWithGet(t *testing.T) {
	p := newPrometheus(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		answering(vector("3"))(w, r)
	})
	expect(t, analyst(t, p.URL).Analyse(context.Background(), canary(inline())).Checks, analysis.Pass, "3")
	if got := p.asked()[1].URL.RawQuery; !strings.Contains(got, "query=sum") {
		t.Errorf("query string = %q", got)
	}
}
