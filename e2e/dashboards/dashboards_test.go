package dashboards

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const repository = "../.."

func boards(t *testing.T) []Dashboard {
	t.Helper()
	read, err := Read(repository + "/charts/linnet/dashboards")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestOurDashboardsHaveNoProblems(t *testing.T) {
	seen := map[string]string{}
	for _, d := range boards(t) {
		for _, problem := range d.Problems() {
			t.Error(problem)
		}
		if other, ok := seen[d.UID]; ok {
			t.Errorf("%s and %s have the uid %s", other, d.File, d.UID)
		}
		seen[d.UID] = d.File
	}
}

// ours finds names of Linnet's series in a query, without what a histogram adds to them.
var ours = regexp.MustCompile(`\blinnet_\w+?(?:_bucket|_sum)?\b`)

func TestSeriesThatAreAskedForAreDocumented(t *testing.T) {
	page, err := os.ReadFile(repository + "/docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, d := range boards(t) {
		for _, q := range d.Queries() {
			for _, name := range ours.FindAllString(q.Expr, -1) {
				asked[strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum")] = true
			}
		}
	}
	if len(asked) == 0 {
		t.Fatal("no query asks for a series of Linnet's: they were not found")
	}
	for name := range asked {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("a dashboard asks for %s, which docs/metrics.md does not know", name)
		}
	}
}

func TestKustomizeTakesEveryDashboard(t *testing.T) {
	file, err := os.ReadFile(repository + "/charts/linnet/dashboards/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range boards(t) {
		if !strings.Contains(string(file), d.File) {
			t.Errorf("charts/linnet/dashboards/kustomization.yaml does not name %s", d.File)
		}
	}
}

// good returns a dashboard without problems.
func good() Dashboard {
	d := Dashboard{File: "d.json", UID: "d", Title: "D", Panels: []Panel{
		{ID: 1, Type: "stat", Title: "one", Targets: []Target{{"A", "up"}}},
		{ID: 2, Type: "table", Title: "two", Targets: []Target{{"A", `up{job="$job"}`}}},
	}}
	d.Panels[0].GridPos.W, d.Panels[0].GridPos.H = 12, 4
	d.Panels[1].GridPos.X, d.Panels[1].GridPos.W, d.Panels[1].GridPos.H = 12, 12, 4
	d.Templating.List = []Variable{{Name: "job"}}
	return d
}

func TestProblemsAreFound(t *testing.T) {
	for about, tc := range map[string]struct {
		edit func(*Dashboard)
		want string // part of the only problem, empty when there is none
	}{
		"a good one has none":                 {func(*Dashboard) {}, ""},
		"a panel of a type that was removed":  {func(d *Dashboard) { d.Panels[0].Type = "graph" }, `"graph"`},
		"a panel without a query":             {func(d *Dashboard) { d.Panels[0].Targets = nil }, "no query"},
		"a query without words":               {func(d *Dashboard) { d.Panels[0].Targets[0].Expr = " " }, "is empty"},
		"a variable that nobody fills in":     {func(d *Dashboard) { d.Templating.List = nil }, "variable job"},
		"two panels at one place":             {func(d *Dashboard) { d.Panels[1].GridPos.X = 11 }, "one over the other"},
		"two panels with one id":              {func(d *Dashboard) { d.Panels[1].ID = 1 }, "one id"},
		"a panel beyond the edge":             {func(d *Dashboard) { d.Panels[1].GridPos.W = 13 }, "outside"},
		"a dashboard that can't be linked":    {func(d *Dashboard) { d.UID = "" }, "no uid"},
		"an annotation with a wrong variable": {func(d *Dashboard) { d.Annotations.List = []Annotation{{"a", "up{a=\"$x\"}"}} }, "variable x"},
		"Grafana's own variables are known":   {func(d *Dashboard) { d.Panels[0].Targets[0].Expr = "rate(up[$__rate_interval])" }, ""},
		"a variable in braces is one as well": {func(d *Dashboard) { d.Panels[0].Targets[0].Expr = "${nope}" }, "variable nope"},
	} {
		t.Run(about, func(t *testing.T) {
			d := good()
			tc.edit(&d)
			got := d.Problems()
			if tc.want == "" && len(got) > 0 {
				t.Errorf("problems %q, want none", got)
			}
			if tc.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tc.want) }) {
				t.Errorf("problems %q, want one with %q", got, tc.want)
			}
		})
	}
}

func TestVariablesAreFilledIn(t *testing.T) {
	values := map[string]string{"a": "1", "__range": "5m"}
	got := Expand(`x{a="$a",b="${a}-b",c="$c",d="$ab"}[$__range]`, values)
	if diff := cmp.Diff(`x{a="1",b="1-b",c="$c",d="$ab"}[5m]`, got); diff != "" {
		t.Errorf("Expand (-want +got):\n%s", diff)
	}
}
