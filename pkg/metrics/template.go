package metrics

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// template finds the MetricTemplate that ref names. The object belongs to the cache: it is not to be changed.
func (a *Analyst) template(ctx context.Context, c *flaggerv1.Canary, ref flaggerv1.CrossNamespaceReference) (*flaggerv1.MetricTemplate, error) {
	key := client.ObjectKey{Namespace: ref.NamespaceOr(c.Namespace), Name: ref.Name}
	if a.NoCrossNamespaceRefs && key.Namespace != c.Namespace {
		return nil, fmt.Errorf("MetricTemplate %s is in another namespace, which this controller does not allow", key)
	}
	var tmpl flaggerv1.MetricTemplate
	err := a.Reader.Get(ctx, key, &tmpl)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("MetricTemplate %s does not exist", key)
	case err != nil:
		return nil, fmt.Errorf("read MetricTemplate %s: %w", key, err)
	}
	return &tmpl, supported(&tmpl)
}

// Check returns what of the Canary's metrics can be seen to have no answer ever:
// a template that is missing, forbidden or of a provider that is not supported,
// a built-in metric for a traffic provider that it is not built in for.
func (a *Analyst) Check(ctx context.Context, c *flaggerv1.Canary) error {
	for _, m := range c.Spec.Analysis.Metrics {
		if err := a.checkable(ctx, c, m); err != nil {
			return fmt.Errorf("metric %s: %w", m.Name, err)
		}
	}
	return nil
}

func (a *Analyst) checkable(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) error {
	switch {
	case m.TemplateRef != nil:
		_, err := a.template(ctx, c, *m.TemplateRef)
		return err
	case m.Query == "":
		return a.builtInFor(c)
	}
	return nil
}

// queryOf returns what a query template can ask for.
func queryOf(c *flaggerv1.Canary, m flaggerv1.CanaryMetric) analysis.Query {
	q := analysis.Query{
		Name:      c.Name,
		Namespace: c.Namespace,
		Target:    c.Spec.TargetRef.Name,
		Service:   c.ApexServiceName(),
		Ingress:   c.Spec.TargetRef.Name,
		Route:     c.Spec.TargetRef.Name,
		Interval:  m.Interval,
		Variables: m.TemplateVariables,
	}
	if c.Spec.IngressRef != nil {
		q.Ingress = c.Spec.IngressRef.Name
	}
	if c.Spec.RouteRef != nil {
		q.Route = c.Spec.RouteRef.Name
	}
	return q
}

// canaryEndpoint returns where built-in and inline queries go.
func (a *Analyst) canaryEndpoint(c *flaggerv1.Canary) endpoint {
	if c.Spec.MetricsServer != "" {
		return endpoint{address: c.Spec.MetricsServer}
	}
	return endpoint{address: a.DefaultAddress}
}

// templateEndpoint returns where a template's query goes, with its credentials.
func (a *Analyst) templateEndpoint(ctx context.Context, tmpl *flaggerv1.MetricTemplate) (endpoint, error) {
	p := tmpl.Spec.Provider
	e := endpoint{address: p.Address, headers: p.Headers, insecure: p.InsecureSkipVerify}
	if p.SecretRef == nil {
		return e, nil
	}
	key := client.ObjectKey{Namespace: tmpl.Namespace, Name: p.SecretRef.Name}
	var s corev1.Secret
	err := a.Secrets.Get(ctx, key, &s)
	switch {
	case apierrors.IsNotFound(err):
		return e, fmt.Errorf("Secret %s does not exist", key)
	case err != nil:
		return e, fmt.Errorf("read Secret %s: %w", key, err)
	}
	e.auth, err = credentialsOf(&s)
	if err != nil {
		return e, fmt.Errorf("use Secret %s: %w", key, err)
	}
	return e, nil
}

// credentialsOf returns the Secret's token, or else its username and password.
func credentialsOf(s *corev1.Secret) (credentials, error) {
	c := credentials{
		secret:   fmt.Sprintf("%s/%s %s %s", s.Namespace, s.Name, s.UID, s.ResourceVersion),
		token:    strings.TrimSpace(string(s.Data["token"])),
		username: strings.TrimSpace(string(s.Data["username"])),
		password: strings.TrimSpace(string(s.Data["password"])),
	}
	if c.token == "" && (c.username == "" || c.password == "") {
		return c, errors.New("it has neither a token nor a username with a password")
	}
	return c, nil
}
