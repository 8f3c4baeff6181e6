package metrics

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/common/model"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// defaultInterval is the window of a metric that names none, whatever its kind.
const defaultInterval = "1m"

// check measures and judges one metric. What the author wrote wins over what is
// built in: a template over a query, and both over the metric's name.
func (a *Analyst) check(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	if m.Interval == "" {
		m.Interval = defaultInterval
	}
	if _, err := model.ParseDuration(m.Interval); err != nil {
		return unmeasured(m.Name, fmt.Errorf("interval %q is no duration such as 30s or 1m", m.Interval))
	}
	switch {
	case m.TemplateRef != nil:
		return a.checkTemplate(ctx, c, m)
	case m.Query != "":
		return a.checkQuery(ctx, c, m)
	case m.Name == flaggerv1.MetricRequestSuccessRate, m.Name == flaggerv1.MetricRequestDuration:
		return a.checkBuiltIn(ctx, c, m)
	}
	return unmeasured(m.Name, errors.New("it is not built in and has neither a templateRef nor a query"))
}

func (a *Analyst) checkTemplate(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	tmpl, err := a.template(ctx, c, *m.TemplateRef)
	if err != nil {
		return unmeasured(m.Name, err)
	}
	query, err := queryOf(c, m).Render(tmpl.Spec.Query)
	if err != nil {
		return unmeasured(m.Name, err)
	}
	from, err := a.sourceOf(ctx, c, tmpl)
	if err != nil {
		return unmeasured(m.Name, err)
	}
	return judge(ctx, from, m, query)
}

func (a *Analyst) checkQuery(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Result {
	query := analysis.Collapse(m.Query)
	return judge(ctx, server{a, a.canaryEndpoint(c)}, m, query)
}

func judge(ctx context.Context, from source, m flaggerv1.CanaryMetric, query string) analysis.Result {
	value, err := from.number(ctx, query)
	if err != nil {
		return unmeasured(m.Name, err)
	}
	return limits(m).Judge(m.Name, value, unit(m))
}

// limits returns the metric's range. The deprecated threshold is the least
// success rate, and the greatest value of everything else.
func limits(m flaggerv1.CanaryMetric) analysis.Range {
	switch {
	case m.ThresholdRange != nil:
		return analysis.Range{Min: m.ThresholdRange.Min, Max: m.ThresholdRange.Max}
	case builtIn(m) && m.Name == flaggerv1.MetricRequestSuccessRate:
		return analysis.Range{Min: &m.Threshold}
	}
	return analysis.Range{Max: &m.Threshold}
}

// unit returns what the metric's value counts, which is known of built-in metrics only.
func unit(m flaggerv1.CanaryMetric) analysis.Unit {
	switch {
	case builtIn(m) && m.Name == flaggerv1.MetricRequestSuccessRate:
		return analysis.Percent
	case builtIn(m) && m.Name == flaggerv1.MetricRequestDuration:
		return analysis.Milliseconds
	}
	return analysis.Plain
}

func builtIn(m flaggerv1.CanaryMetric) bool {
	return m.TemplateRef == nil && m.Query == ""
}

// unmeasured returns the result of a check that came to no value.
func unmeasured(name string, err error) analysis.Result {
	if errors.Is(err, errNoData) {
		return analysis.Result{Name: name, Outcome: analysis.NoData, Message: short(name + " has no data: " + err.Error())}
	}
	return analysis.Result{Name: name, Outcome: analysis.Error, Message: short(name + " could not be measured: " + err.Error())}
}
