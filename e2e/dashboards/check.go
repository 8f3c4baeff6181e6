package dashboards

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// panelTypes are those that Grafana has today and that we use. Those that it has removed, such as graph,
// show nothing.
var panelTypes = []string{"timeseries", "stat", "state-timeline", "table", "heatmap"}

// ofGrafana are variables that Grafana fills in by itself.
var ofGrafana = []string{"__rate_interval", "__interval", "__range"}

const gridWidth = 24

// Problems returns what would show wrongly or not at all, a sentence each.
func (d Dashboard) Problems() []string {
	var problems []string
	add := func(format string, args ...any) {
		problems = append(problems, d.File+": "+fmt.Sprintf(format, args...))
	}
	if d.UID == "" || d.Title == "" || len(d.Panels) == 0 {
		add("it has no uid, no title or no panels")
	}
	for i, p := range d.Panels {
		p.check(add)
		for _, other := range d.Panels[:i] {
			if other.ID == p.ID || p.overlaps(other) {
				add("the panels %q and %q have one id, or lie one over the other", other.Title, p.Title)
			}
		}
	}
	for _, q := range d.Queries() {
		for _, name := range unknownVariables(q.Expr, d.variables()) {
			add("%q asks for the variable %s, which nobody fills in", q.Panel, name)
		}
	}
	return problems
}

func (p Panel) check(add func(string, ...any)) {
	if !slices.Contains(panelTypes, p.Type) {
		add("the panel %q is of the type %q, want one of %s", p.Title, p.Type, strings.Join(panelTypes, ", "))
	}
	if p.Title == "" || len(p.Targets) == 0 {
		add("panel %d (%q) has no title or no query", p.ID, p.Title)
	}
	for _, t := range p.Targets {
		if strings.TrimSpace(t.Expr) == "" || t.RefID == "" {
			add("a query of the panel %q is empty or has no refId", p.Title)
		}
	}
	if p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X < 0 || p.GridPos.X+p.GridPos.W > gridWidth {
		add("the panel %q lies outside of the page", p.Title)
	}
}

func (p Panel) overlaps(o Panel) bool {
	a, b := p.GridPos, o.GridPos
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func (d Dashboard) variables() []string {
	names := slices.Clone(ofGrafana)
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
	}
	return names
}

var variable = regexp.MustCompile(`\$\{?(\w+)\}?`)

func unknownVariables(expr string, known []string) []string {
	var unknown []string
	for _, m := range variable.FindAllStringSubmatch(expr, -1) {
		if !slices.Contains(known, m[1]) && !slices.Contains(unknown, m[1]) {
			unknown = append(unknown, m[1])
		}
	}
	return unknown
}

// Expand returns a query as Grafana sends it: every $NAME and ${NAME} is replaced by the value of that name.
// Names without a value stay.
func Expand(expr string, values map[string]string) string {
	return variable.ReplaceAllStringFunc(expr, func(name string) string {
		if value, ok := values[variable.FindStringSubmatch(name)[1]]; ok {
			return value
		}
		return name
	})
}
