package metrics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// maxAge is how old a sample may be. Prometheus itself looks back as far.
const maxAge = 5 * time.Minute

// errNoData means that the provider answered and had no value.
var errNoData = errors.New("no data")

// noDataError is an error that says why there is no data.
type noDataError string

// Error returns the text.
func (n noDataError) Error() string { return string(n) }

// Is makes it an errNoData.
func (n noDataError) Is(target error) bool { return target == errNoData }

// number asks for a query and returns the one number that it comes to, which may
// be NaN or infinite. An empty or stale answer is errNoData; everything that is
// not exactly one number is another error.
func (a *Analyst) number(ctx context.Context, e endpoint, query string) (float64, error) {
	value, err := a.ask(ctx, e, query)
	if err != nil {
		return 0, err
	}
	switch v := value.(type) {
	case *model.Scalar:
		return float64(v.Value), a.fresh(v.Timestamp)
	case model.Vector:
		return a.single(v)
	}
	return 0, fmt.Errorf("the query returned a %s instead of one number", value.Type())
}

func (a *Analyst) single(v model.Vector) (float64, error) {
	switch len(v) {
	case 0:
		return 0, noDataError("Prometheus knows no such series, probably because there were no requests")
	case 1:
		return a.float(v[0])
	}
	return 0, fmt.Errorf("the query returned %d series; aggregate it, for example with sum()", len(v))
}

// float returns the sample's value, if it has a single and fresh one.
func (a *Analyst) float(s *model.Sample) (float64, error) {
	if s.Histogram != nil {
		return 0, errors.New("the query returned a native histogram; take a quantile of it, for example with histogram_quantile()")
	}
	return float64(s.Value), a.fresh(s.Timestamp)
}

func (a *Analyst) fresh(t model.Time) error {
	if age := a.Now().Sub(t.Time()); age > maxAge {
		return noDataError(fmt.Sprintf("the newest sample is %s old", age.Round(time.Second)))
	}
	return nil
}

// ask puts a query and returns a complete answer.
func (a *Analyst) ask(ctx context.Context, e endpoint, query string) (model.Value, error) {
	api, host, err := a.clients.open(e)
	if err != nil {
		return nil, err
	}
	// The time is left to the server: its clock stamped the samples.
	value, warnings, err := api.Query(ctx, query, time.Time{})
	if err != nil {
		return nil, fmt.Errorf("Prometheus at %s %w", host, a.explain(err))
	}
	if len(warnings) > 0 && !a.AllowPartial {
		return nil, fmt.Errorf("Prometheus at %s warns that its answer is not complete: %s", host, strings.Join(warnings, "; "))
	}
	if value == nil {
		return nil, fmt.Errorf("Prometheus at %s gave an answer without a result", host)
	}
	return value, nil
}
