package controller

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
	"github.com/linnet-delivery/linnet/pkg/rollout"
)

const (
	// defaultInterval is the time between analyses where none is given.
	defaultInterval = time.Minute
	// minInterval is the least time between analyses, as in the contract.
	minInterval = 10 * time.Second
	// maxServiceName is the length of a DNS label.
	maxServiceName = 63
)

// targetKinds are the workloads that can be released.
var targetKinds = []string{flaggerv1.TargetDeployment, flaggerv1.TargetDaemonSet, flaggerv1.TargetService}

// Defaults is what a Canary leaves to the installation.
type Defaults struct {
	// Provider is used where spec.provider is empty; "istio" unless set.
	Provider string
}

// ProviderOf returns the provider that shifts the Canary's traffic.
func (d Defaults) ProviderOf(c *flaggerv1.Canary) string {
	return c.Spec.ProviderOr(d.Provider)
}

// translate turns a Canary's spec into the heart's policy once, or says in one
// sentence what is wrong with it. The error wraps kube.ErrRefused: no retry
// helps until somebody edits the spec.
func translate(c *flaggerv1.Canary, defaults Defaults, barriers rollout.Barriers) (rollout.Policy, error) {
	if err := supported(c, defaults); err != nil {
		return rollout.Policy{}, err
	}
	a := c.Spec.Analysis
	interval, err := intervalOf(a.Interval)
	if err != nil {
		return rollout.Policy{}, err
	}
	steps, err := planOf(c, defaults.ProviderOf(c))
	if err != nil {
		return rollout.Policy{}, err
	}
	p := rollout.Policy{
		Steps:            steps,
		ReturnSteps:      returnStepsOf(a.StepWeightPromotion),
		Interval:         interval,
		Threshold:        max(a.Threshold, 1),
		ProgressDeadline: c.Spec.ProgressDeadline(),
		PrimaryUpdate:    rollout.PrimaryUpdate(a.PrimaryUpdate),
		OnNoData:         rollout.NoDataRule(a.OnNoData),
		SkipAnalysis:     c.Spec.SkipAnalysis,
		Suspended:        c.Spec.Suspend,
		Barriers:         barriers,
		Asks: rollout.Asks{
			ConfirmRollout:   hasHook(c, flaggerv1.HookConfirmRollout),
			PreRollout:       hasHook(c, flaggerv1.HookPreRollout),
			Analysis:         len(a.Metrics) > 0 || hasHook(c, flaggerv1.HookRollout),
			ConfirmTraffic:   hasHook(c, flaggerv1.HookConfirmTrafficIncrease) && asksAboutTraffic(steps),
			ConfirmPromotion: hasHook(c, flaggerv1.HookConfirmPromotion),
			Rollback:         hasHook(c, flaggerv1.HookRollback),
		},
	}
	return p, nil
}

// supported refuses what this version cannot do, rather than do something else (D17).
func supported(c *flaggerv1.Canary, defaults Defaults) error {
	provider := defaults.ProviderOf(c)
	if provider != flaggerv1.ProviderIstio && provider != flaggerv1.ProviderKubernetes {
		return refuse("provider %q is not supported: use istio or kubernetes", provider)
	}
	switch kind := c.Spec.TargetRef.Kind; {
	case !slices.Contains(targetKinds, kind):
		return refuse("target kind %q is not supported: use one of %s", kind, strings.Join(targetKinds, ", "))
	case kind == flaggerv1.TargetService && provider == flaggerv1.ProviderKubernetes:
		return refuse("a Service cannot be released by provider kubernetes, which shifts traffic with Services: use provider istio")
	}
	if name := c.Spec.TargetRef.Name; strings.HasSuffix(name, kube.PrimaryName("")) && len(name) > len(kube.PrimaryName("")) {
		return refuse("target %q ends in %q, which is the name of a primary: name the workload that you edit", name, kube.PrimaryName(""))
	}
	if apex := c.ApexServiceName(); len(kube.PrimaryName(apex)) > maxServiceName {
		return refuse("the Service %s would have a name of more than %d characters: set service.name to a shorter one", kube.PrimaryName(apex), maxServiceName)
	}
	if err := validRegexes("service.match", c.Spec.Service.Match); err != nil {
		return err
	}
	return validRegexes("analysis.match", chosen(c.Spec.Analysis.Match))
}

// chosen puts the matches of an analysis into the words of a route's.
func chosen(matches []flaggerv1.AnalysisMatch) []flaggerv1.HTTPMatchRequest {
	requests := make([]flaggerv1.HTTPMatchRequest, 0, len(matches))
	for _, m := range matches {
		requests = append(requests, flaggerv1.HTTPMatchRequest{Headers: m.Headers, QueryParams: m.QueryParams})
	}
	return requests
}

// validRegexes refuses expressions that no proxy could compile: Envoy's are RE2, as Go's.
func validRegexes(field string, matches []flaggerv1.HTTPMatchRequest) error {
	for _, m := range matches {
		for where, s := range map[string]*flaggerv1.StringMatch{"uri": m.URI, "scheme": m.Scheme, "method": m.Method, "authority": m.Authority} {
			if s != nil && !compiles(s.Regex) {
				return refuse("%s: the regex %q of %s does not compile", field, s.Regex, where)
			}
		}
		for where, group := range map[string]map[string]flaggerv1.StringMatch{"header": m.Headers, "absent header": m.WithoutHeaders, "query parameter": m.QueryParams} {
			for name, s := range group {
				if !compiles(s.Regex) {
					return refuse("%s: the regex %q of %s %s does not compile", field, s.Regex, where, name)
				}
			}
		}
	}
	return nil
}

func compiles(expr string) bool {
	_, err := regexp.Compile(expr)
	return err == nil
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{kube.ErrRefused}, args...)...)
}

// intervalOf returns the time between analyses. A wrong unit is refused rather
// than replaced, since a release that is slower than asked looks like a hang.
func intervalOf(s string) (time.Duration, error) {
	if s == "" {
		return defaultInterval, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, refuse("analysis.interval %q is not a duration such as 30s or 1m", s)
	}
	return max(d, minInterval), nil
}

// returnStepsOf returns the canary weights on the way back to the primary.
func returnStepsOf(step int) []int {
	if step <= 0 {
		return nil
	}
	var steps []int
	for w := 100 - step; w > 0; w -= step {
		steps = append(steps, w)
	}
	return append(steps, 0)
}
