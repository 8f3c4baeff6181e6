package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/dashboards"
	"github.com/linnet-delivery/linnet/e2e/framework"
)

// labPrometheus is the address of the lab's Prometheus, seen from inside.
const labPrometheus = "http://10.244.0.1:9090"

// Every query of every panel is asked again and again during a release and for a while after it, as some panels
// show how releases ended. A query passes with its first answer that is not empty.
func TestEveryPanelOfTheDashboardsShowsARelease(t *testing.T) {
	t.Parallel()
	boards, err := dashboards.Read("../charts/linnet/dashboards")
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, "panels")
	a.deploy()
	a.declare()
	panels := a.panels(boards)
	a.offer(*rate / 4)
	a.rest(3 * time.Second)

	shipped := a.ship("6.0.1")
	for !framework.Promoted("6.0.1")(a.release.Last()) {
		if time.Since(shipped) > toEnd {
			a.Fatalf("6.0.1 was not promoted within %s\n%s", toEnd, a.release.Report(shipped))
		}
		panels.ask()
		a.rest(time.Second)
	}
	for deadline := time.Now().Add(toAdvance); panels.open() && time.Now().Before(deadline); a.rest(time.Second) {
		panels.ask()
	}
	a.lostNothing()
	panels.judge()
}

// panels are the queries of dashboards, with what Prometheus had to say about them.
type panels struct {
	*app
	queries []dashboards.Query
	values  map[string]string
	// shown are the queries that had an answer, and wrong the last error of the others.
	shown map[dashboards.Query]bool
	wrong map[dashboards.Query]error
}

func (a *app) panels(boards []dashboards.Dashboard) *panels {
	p := &panels{app: a, shown: map[dashboards.Query]bool{}, wrong: map[dashboards.Query]error{}, values: map[string]string{
		"namespace": a.namespace, "canary": framework.App, "target": framework.App,
		"__rate_interval": "10s", "__interval": "2s", "__range": "5m",
	}}
	for _, board := range boards {
		p.queries = append(p.queries, board.Queries()...)
	}
	return p
}

func (p *panels) open() bool { return len(p.shown) < len(p.queries) }

// ask sends the queries that had no answer yet.
func (p *panels) ask() {
	for _, q := range p.queries {
		if p.shown[q] {
			continue
		}
		series, err := askPrometheus(p.Context(), dashboards.Expand(q.Expr, p.values))
		p.wrong[q] = err
		if series > 0 {
			p.shown[q] = true
		}
	}
}

func (p *panels) judge() {
	p.Helper()
	for _, q := range p.queries {
		if !p.shown[q] {
			p.Errorf("%s: %q showed nothing during a release (%v): %s", q.Dashboard, q.Panel, p.wrong[q], dashboards.Expand(q.Expr, p.values))
		}
	}
	p.Logf("%d of %d queries had an answer", len(p.shown), len(p.queries))
}

// askPrometheus returns how many series a query has now.
func askPrometheus(ctx context.Context, query string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, labPrometheus+"/api/v1/query?"+url.Values{"query": {query}}.Encode(), nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	if answer.Status != "success" {
		return 0, fmt.Errorf("ask Prometheus: %s", answer.Error)
	}
	return len(answer.Data.Result), nil
}
