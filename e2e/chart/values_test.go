package chart_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func TestValuesThatAreRefused(t *testing.T) {
	tests := map[string]struct{ chart, values, want string }{
		"a value that is none":             {"linnet", "metricServer: http://a", "metricServer"},
		"a value that is none, deeper":     {"linnet", "podMonitor: {enable: true}", "enable"},
		"a log level that is none":         {"linnet", "logLevel: loud", "logLevel"},
		"a Prometheus without a scheme":    {"linnet", "metricsServer: prometheus:9090", "metricsServer"},
		"no replica":                       {"linnet", "leaderElection: {replicaCount: 0}", "replicaCount"},
		"a namespace that is none":         {"linnet", "watchNamespaces: [Test]", "watchNamespaces"},
		"a flag with one dash":             {"linnet", "extraArgs: [-settle=1s]", "extraArgs"},
		"a digest that is none":            {"linnet", "image: {digest: latest}", "digest"},
		"several namespaces":               {"linnet", "watchNamespaces: [a, b]", "the controller watches one namespace or all"},
		"several namespaces, in two ways":  {"linnet", "{watchNamespaces: [a], namespace: b}", "the controller watches one namespace or all"},
		"two load testers":                 {"loadtester", "replicaCount: 2", "replicaCount"},
		"a time limit that is none":        {"loadtester", "cmd: {timeout: an hour}", "timeout"},
		"a type of Service that is none":   {"loadtester", "service: {type: Internal}", "type"},
		"rights without rules":             {"loadtester", "rbac: {create: true}", "rbac.create needs rbac.rules"},
		"a scope of rights that is none":   {"loadtester", "rbac: {scope: galaxy}", "scope"},
		"a size without a unit":            {"loadtester", "state: {persistence: {size: '5'}}", "size"},
		"Flagger's AppMesh, which is gone": {"loadtester", "meshName: a", "meshName"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := templates(t, tt.chart, parse(t, tt.values))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want an error that names %q", tt.values, err, tt.want)
			}
		})
	}
}

// container returns the only container of a chart's Deployment.
func container(t *testing.T, name string, values map[string]any) corev1.Container {
	t.Helper()
	deployments := only[*appsv1.Deployment](render(t, name, values))
	if len(deployments) != 1 || len(deployments[0].Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%d Deployments, want one with one container", len(deployments))
	}
	return deployments[0].Spec.Template.Spec.Containers[0]
}

// sources are the files that the programs define their flags in.
var sources = map[string]string{"linnet": root + "/cmd/linnet/flags.go", "loadtester": root + "/cmd/loadtester/flags.go"}

func TestArgumentsAreFlagsOfTheProgram(t *testing.T) {
	flag := regexp.MustCompile(`Var\(&o\.[A-Za-z.]+, "([a-z-]+)"`)
	for name, source := range sources {
		known := map[string]bool{}
		for _, match := range flag.FindAllStringSubmatch(read(t, source), -1) {
			known["--"+match[1]] = true
		}
		for set, values := range valueSets(t, name) {
			t.Run(name+" with "+set, func(t *testing.T) {
				seen := map[string]bool{}
				for _, arg := range container(t, name, values).Args {
					flag, _, _ := strings.Cut(arg, "=")
					if !known[flag] {
						t.Errorf("%s is no flag of cmd/%s", arg, name)
					}
					if seen[arg] {
						t.Errorf("%s is given twice", arg)
					}
					seen[arg] = true
				}
			})
		}
	}
}

func TestWhatValuesDo(t *testing.T) {
	tests := map[string]struct {
		chart, values string
		wantArgs      []string
		wantEnv       []string
	}{
		"the defaults": {
			chart: "linnet",
			wantArgs: []string{
				"--mesh-provider=istio", "--metrics-server=http://prometheus.istio-system:9090", "--enable-leader-election=true",
				"--leader-election-namespace=istio-system", "--log-level=info", "--enable-config-tracking=true", "--no-cross-namespace-refs=false",
				"--threadiness=4", "--kubeconfig-qps=100", "--kubeconfig-burst=250",
			},
		},
		"addresses that may be secrets are no arguments": {
			chart:    "linnet",
			values:   "{slack: {url: 'https://a/'}, msteams: {url: 'https://b/'}, eventWebhook: 'https://c/', env: [{name: A, value: b}], extraEnv: [{name: C, value: d}]}",
			wantArgs: []string{"--slack-user=flagger", "--slack-channel=general"},
			wantEnv:  []string{"EVENT_WEBHOOK_URL=https://c/", "MSTEAMS_URL=https://b/", "SLACK_URL=https://a/", "A=b", "C=d"},
		},
		"one namespace": {chart: "linnet", values: "watchNamespaces: [test]", wantArgs: []string{"--namespace=test"}},
		"the load tester's defaults": {
			chart: "loadtester",
			wantArgs: []string{
				"--port=8080", "--log-level=info", "--timeout=1h", "--state-dir=/var/lib/loadtester", "--max-runs-per-namespace=10", "--max-connections=500",
			},
		},
		"what the load tester may do": {
			chart: "loadtester", values: "{allowExec: true, allowTargets: ['*.a', b], cmd: {namespaceRegexp: ^a$}}",
			wantArgs: []string{"--allow-exec", "--allow-target=*.a", "--allow-target=b", "--namespace-regexp=^a$"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := container(t, tt.chart, parse(t, tt.values))
			for _, want := range tt.wantArgs {
				if !slices.Contains(c.Args, want) {
					t.Errorf("the argument %s is not in %q", want, c.Args)
				}
			}
			var env []string
			for _, e := range c.Env {
				env = append(env, e.Name+"="+e.Value)
			}
			if !slices.Equal(env, tt.wantEnv) {
				t.Errorf("environment %q, want %q", env, tt.wantEnv)
			}
		})
	}
}

func TestReplicas(t *testing.T) {
	tests := map[string]struct {
		values       string
		want         int32
		wantStrategy appsv1.DeploymentStrategyType
		wantBudget   bool
	}{
		"two, and one may be away":         {"", 2, appsv1.RollingUpdateDeploymentStrategyType, true},
		"one needs no budget":              {"leaderElection: {replicaCount: 1}", 1, appsv1.RollingUpdateDeploymentStrategyType, false},
		"without an election there is one": {"leaderElection: {enabled: false, replicaCount: 3}", 1, appsv1.RecreateDeploymentStrategyType, false},
		"a budget that is not wanted":      {"podDisruptionBudget: {enabled: false}", 2, appsv1.RollingUpdateDeploymentStrategyType, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			objects := render(t, "linnet", parse(t, tt.values))
			d := only[*appsv1.Deployment](objects)[0]
			if *d.Spec.Replicas != tt.want || d.Spec.Strategy.Type != tt.wantStrategy {
				t.Errorf("%d replicas by %s, want %d by %s", *d.Spec.Replicas, d.Spec.Strategy.Type, tt.want, tt.wantStrategy)
			}
			if got := len(only[*policyv1.PodDisruptionBudget](objects)) == 1; got != tt.wantBudget {
				t.Errorf("a budget: %t, want %t", got, tt.wantBudget)
			}
		})
	}
}

func TestSelectorsFindThePods(t *testing.T) {
	for name := range charts {
		for set, values := range valueSets(t, name) {
			t.Run(name+" with "+set, func(t *testing.T) {
				objects := render(t, name, values)
				pod := only[*appsv1.Deployment](objects)[0].Spec.Template
				for what, selector := range selectors(objects) {
					for key, value := range selector {
						if pod.Labels[key] != value {
							t.Errorf("%s selects %s=%s, which the pods don't have", what, key, value)
						}
					}
					if len(selector) == 0 {
						t.Errorf("%s selects every pod", what)
					}
				}
				probe := pod.Spec.Containers[0].ReadinessProbe
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Port.String() != "http" {
					t.Errorf("readiness probe %v, want one by HTTP", probe)
				}
			})
		}
	}
}

func selectors(objects []runtime.Object) map[string]map[string]string {
	found := map[string]map[string]string{}
	for _, o := range only[*appsv1.Deployment](objects) {
		found["Deployment"] = o.Spec.Selector.MatchLabels
		for _, c := range o.Spec.Template.Spec.TopologySpreadConstraints {
			found["spread over "+c.TopologyKey] = c.LabelSelector.MatchLabels
		}
	}
	for _, o := range only[*corev1.Service](objects) {
		found["Service"] = o.Spec.Selector
	}
	for _, o := range only[*networkingv1.NetworkPolicy](objects) {
		found["NetworkPolicy"] = o.Spec.PodSelector.MatchLabels
	}
	for _, o := range only[*policyv1.PodDisruptionBudget](objects) {
		found["PodDisruptionBudget"] = o.Spec.Selector.MatchLabels
	}
	for _, o := range only[*PodMonitor](objects) {
		found["PodMonitor"] = o.Spec.Selector.MatchLabels
	}
	return found
}

func TestAServiceMonitorFindsItsService(t *testing.T) {
	for name := range charts {
		objects := render(t, name, parse(t, "serviceMonitor: {enabled: true}"))
		services, monitors := only[*corev1.Service](objects), only[*ServiceMonitor](objects)
		if len(services) != 1 || len(monitors) != 1 {
			t.Fatalf("%s: %d Services and %d ServiceMonitors, want one of each", name, len(services), len(monitors))
		}
		for key, value := range monitors[0].Spec.Selector.MatchLabels {
			if services[0].Labels[key] != value {
				t.Errorf("%s: the monitor selects %s=%s, which the Service does not have", name, key, value)
			}
		}
		if port := monitors[0].Spec.Endpoints[0].Port; port != services[0].Spec.Ports[0].Name {
			t.Errorf("%s: the monitor scrapes the port %s, which the Service does not have", name, port)
		}
	}
}

func TestEveryValueIsDocumented(t *testing.T) {
	for name := range charts {
		text := read(t, chartDir(name)+"/README.md")
		for _, key := range slices.Sorted(maps.Keys(load(t, name).Values)) {
			if !strings.Contains(text, "| `"+key) {
				t.Errorf("charts/%s/README.md has no row for %s", name, key)
			}
		}
	}
}
