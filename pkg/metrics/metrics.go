package metrics

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/pkg/analysis"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

// Defaults of Options.
const (
	DefaultTimeout       = 10 * time.Second
	DefaultMaxBody       = 1 << 20
	DefaultSilenceWindow = 10 * time.Second
)

// Options configure an Analyst. Reader, Secrets and Now are required.
type Options struct {
	// Reader finds MetricTemplates; a cached one will do.
	Reader client.Reader
	// Secrets reads the Secrets that MetricTemplates refer to, once for each query.
	Secrets client.Reader
	// API is the client of the API server that templates of provider
	// externalmetrics ask; nil refuses them, unless they name a server of their own.
	API rest.Interface
	// DefaultProvider is used where spec.provider is empty; "istio" when empty itself.
	DefaultProvider string
	// DefaultAddress is the Prometheus of Canaries without a metricsServer.
	DefaultAddress string
	// Now is the clock.
	Now func() time.Time
	// Timeout bounds everything that one call does, in parallel. Zero means DefaultTimeout.
	Timeout time.Duration
	// MaxBody is the longest answer that is read, in bytes. Zero means DefaultMaxBody.
	MaxBody int64
	// SilenceWindow is how long a workload must have had no request to be
	// silent. Zero means DefaultSilenceWindow; see Analyst.Silent.
	SilenceWindow time.Duration
	// AllowPartial accepts answers that come with warnings, such as those of a
	// Thanos that misses a store.
	AllowPartial bool
	// NoCrossNamespaceRefs refuses MetricTemplates of other namespaces.
	NoCrossNamespaceRefs bool
}

// Analyst asks metric providers. It is safe for concurrent use.
type Analyst struct {
	Options
	clients *clients
}

// New returns an Analyst.
func New(o Options) *Analyst {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.SilenceWindow == 0 {
		o.SilenceWindow = DefaultSilenceWindow
	}
	if o.DefaultProvider == "" {
		o.DefaultProvider = flaggerv1.ProviderIstio
	}
	return &Analyst{Options: o, clients: newClients(o.MaxBody, o.Now)}
}

// Analyse judges every metric of the Canary at the same time. The answer has
// one check for each metric, in the order of the spec.
// A Canary without metrics passes.
func (a *Analyst) Analyse(ctx context.Context, c *flaggerv1.Canary) rollout.Answer {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()

	metrics := c.Spec.Analysis.Metrics
	checks := make([]analysis.Result, len(metrics))
	var wg sync.WaitGroup
	for i, m := range metrics {
		wg.Go(func() {
			checks[i] = a.checkSafely(ctx, c, m)
			checks[i].Limits = limits(m).Words(unit(m))
			checks[i].At = a.Now()
		})
	}
	wg.Wait()

	outcome, reason := analysis.Combine(checks)
	return rollout.Answer{Verdict: verdict(outcome), Reason: reason, Checks: checks, At: a.Now()}
}

// checkSafely turns a panic into an error: a strange answer from outside may
// spoil one check but not the controller.
func (a *Analyst) checkSafely(ctx context.Context, c *flaggerv1.Canary, m flaggerv1.CanaryMetric) (res analysis.Result) {
	defer func() {
		if p := recover(); p != nil {
			res = unmeasured(m.Name, fmt.Errorf("panic: %v", p))
		}
	}()
	return a.check(ctx, c, m)
}

func verdict(o analysis.Outcome) rollout.Verdict {
	switch o {
	case analysis.Pass:
		return rollout.Pass
	case analysis.Fail:
		return rollout.Fail
	case analysis.NoData:
		return rollout.NoData
	case analysis.Unchecked, analysis.Error:
	}
	return rollout.Error
}
