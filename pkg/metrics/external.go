package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// externalAPI is where Kubernetes serves metrics of systems outside of it.
const externalAPI = "apis/external.metrics.k8s.io/v1beta1"

// defaultExternalNamespace is asked where a query names no namespace, as in the reference.
const defaultExternalNamespace = "default"

// externalQuery is a question to the external metrics API.
type externalQuery struct {
	namespace, metric string
	selector          string
}

// parseExternal reads NAMESPACE/METRIC?labelSelector=SELECTOR, of which only METRIC is required.
func parseExternal(query string) (externalQuery, error) {
	const form = "write NAMESPACE/METRIC?labelSelector=SELECTOR"
	name, params, _ := strings.Cut(query, "?")
	q := externalQuery{namespace: defaultExternalNamespace, metric: name}
	if namespace, metric, found := strings.Cut(name, "/"); found {
		q.metric = metric
		if namespace != "" {
			q.namespace = namespace
		}
	}
	for _, segment := range []string{q.namespace, q.metric} {
		if segment == "" || len(content.IsPathSegmentName(segment)) > 0 {
			return q, fmt.Errorf("the query %q is none: %s", query, form)
		}
	}
	values, err := url.ParseQuery(params)
	if err != nil {
		return q, fmt.Errorf("the query %q is none: %s", query, form)
	}
	q.selector = values.Get("labelSelector")
	if _, err := labels.Parse(q.selector); err != nil {
		return q, fmt.Errorf("parse the labelSelector of the query: %w", err)
	}
	return q, nil
}

// external is the source of a template of provider externalmetrics.
type external struct {
	analyst *Analyst
	canary  *flaggerv1.Canary
	// endpoint is the server that the template names; without an address the cluster's own is asked.
	endpoint endpoint
}

// number asks for the one value that the query comes to. Several are an error, as a sum of them need not mean anything.
func (e external) number(ctx context.Context, query string) (float64, error) {
	q, err := parseExternal(query)
	if err != nil {
		return 0, err
	}
	if e.analyst.NoCrossNamespaceRefs && q.namespace != e.canary.Namespace {
		return 0, fmt.Errorf("the query asks for a metric of namespace %s, which this controller does not allow: begin it with {{ namespace }}/", q.namespace)
	}
	body, err := e.ask(ctx, q)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	return e.analyst.readExternal(body)
}

// ask returns the body of an answer of 200.
func (e external) ask(ctx context.Context, q externalQuery) (io.ReadCloser, error) {
	if e.endpoint.address != "" {
		return e.askServer(ctx, q)
	}
	if e.analyst.API == nil {
		return nil, errors.New("this controller has no client for the external metrics API")
	}
	r := e.analyst.API.Get().AbsPath("/"+externalAPI, "namespaces", q.namespace, q.metric)
	if q.selector != "" {
		r = r.Param("labelSelector", q.selector)
	}
	body, err := r.Stream(ctx)
	if err != nil {
		return nil, fmt.Errorf("the external metrics API %w", e.analyst.refusal(err))
	}
	return body, nil
}

// askServer asks a server that speaks the same API. It gets the template's
// credentials and never those of the controller: anybody may write an address.
func (e external) askServer(ctx context.Context, q externalQuery) (io.ReadCloser, error) {
	base, err := url.Parse(e.endpoint.address)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, errors.New("the address of its provider is not an http or https URL")
	}
	at := base.JoinPath(externalAPI, "namespaces", q.namespace, q.metric)
	if q.selector != "" {
		at.RawQuery = url.Values{"labelSelector": {q.selector}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return nil, errors.New("the address of its provider is not an http or https URL")
	}
	client, err := e.analyst.clients.plain(e.endpoint)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the external metrics server at %s %w", base.Host, e.analyst.explain(err))
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("the external metrics server at %s answered with status %d", base.Host, resp.StatusCode)
	}
	return resp.Body, nil
}

// refusal turns an error of the API server's client into the end of a sentence.
func (a *Analyst) refusal(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("did not answer within %s", a.Timeout)
	}
	return fmt.Errorf("answered: %w", err)
}

// readExternal returns the single value of a list.
func (a *Analyst) readExternal(body io.Reader) (float64, error) {
	read, err := io.ReadAll(io.LimitReader(body, a.MaxBody+1))
	switch {
	case err != nil:
		return 0, fmt.Errorf("the external metrics API %w", a.explain(err))
	case int64(len(read)) > a.MaxBody:
		return 0, fmt.Errorf("the external metrics API gave an answer of more than %d bytes", a.MaxBody)
	}
	var list struct {
		Items []struct {
			Timestamp metav1.Time
			Value     *resource.Quantity
		}
	}
	if err := json.Unmarshal(read, &list); err != nil || list.Items == nil {
		return 0, errors.New("the external metrics API gave an answer that is no list of values")
	}
	switch len(list.Items) {
	case 0:
		return 0, noDataError("the external metrics API has no such metric")
	case 1:
	default:
		return 0, fmt.Errorf("the query returned %d values; narrow it with labelSelector", len(list.Items))
	}
	item := list.Items[0]
	if item.Value == nil {
		return 0, errors.New("the external metrics API gave a metric without a value")
	}
	if !item.Timestamp.IsZero() && a.Now().Sub(item.Timestamp.Time) > maxAge {
		return 0, noDataError(fmt.Sprintf("the newest value is %s old", a.Now().Sub(item.Timestamp.Time).Round(time.Second)))
	}
	return item.Value.AsApproximateFloat64(), nil
}
