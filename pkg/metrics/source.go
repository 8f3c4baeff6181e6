package metrics

import (
	"context"
	"fmt"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// The providers that MetricTemplates may name.
const (
	providerPrometheus = "prometheus"
	providerExternal   = "externalmetrics"
)

// source is a provider that answers queries in its own language. A new provider
// is a new source; everything around it stays.
type source interface {
	// number asks a query and returns the one number that it comes to. No value, or
	// one that is too old, is errNoData; everything else that is not exactly one
	// number is another error, whose text names the provider.
	number(ctx context.Context, query string) (float64, error)
}

// supported returns an error for a template whose provider is not implemented.
func supported(tmpl *flaggerv1.MetricTemplate) error {
	switch t := tmpl.Spec.Provider.Type; t {
	case providerPrometheus, providerExternal:
		return nil
	default:
		return fmt.Errorf("MetricTemplate %s/%s asks provider %q, which is not supported yet: use %s or %s, for which most systems have an exporter or an adapter",
			tmpl.Namespace, tmpl.Name, t, providerPrometheus, providerExternal)
	}
}

// sourceOf returns the template's provider with its credentials.
func (a *Analyst) sourceOf(ctx context.Context, c *flaggerv1.Canary, tmpl *flaggerv1.MetricTemplate) (source, error) {
	e, err := a.templateEndpoint(ctx, tmpl)
	if err != nil {
		return nil, err
	}
	if tmpl.Spec.Provider.Type == providerExternal {
		return external{analyst: a, canary: c, endpoint: e}, nil
	}
	return server{analyst: a, endpoint: e}, nil
}

// server is a Prometheus, or something that speaks its API.
type server struct {
	analyst  *Analyst
	endpoint endpoint
}

func (s server) number(ctx context.Context, query string) (float64, error) {
	return s.analyst.number(ctx, s.endpoint, query)
}
