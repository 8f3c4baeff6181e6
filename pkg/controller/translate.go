package controller

import (
	"fmt"
	"regexp"
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
	// defaultDeadline is spec.progressDeadlineSeconds where none is given.
	defaultDeadline = 10 * time.Minute
)

// Defaults is what a Canary leaves to the installation.
type Defaults struct {
	// Provider is used where spec.provider is empty; "istio" unless set.
	Provider string
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
	steps, err := stepsOf(c)
	if err != nil {
		return rollout.Policy{}, err
	}
	p := rollout.Policy{
		Steps:            steps,
		ReturnSteps:      returnStepsOf(a.StepWeightPromotion),
		Interval:         interval,
		Threshold:        max(a.Threshold, 1),
		ProgressDeadline: defaultDeadline,
		PrimaryUpdate:    rollout.PrimaryUpdate(a.PrimaryUpdate),
		OnNoData:         rollout.NoDataRule(a.OnNoData),
		SkipAnalysis:     c.Spec.SkipAnalysis,
		Suspended:        c.Spec.Suspend,
		Barriers:         barriers,
		Asks: rollout.Asks{
			ConfirmRollout:   hasHook(c, flaggerv1.HookConfirmRollout),
			PreRollout:       hasHook(c, flaggerv1.HookPreRollout),
			Analysis:         len(a.Metrics) > 0 || hasHook(c, flaggerv1.HookRollout),
			ConfirmTraffic:   hasHook(c, flaggerv1.HookConfirmTrafficIncrease),
			ConfirmPromotion: hasHook(c, flaggerv1.HookConfirmPromotion),
			Rollback:         hasHook(c, flaggerv1.HookRollback),
		},
	}
	if s := c.Spec.ProgressDeadlineSeconds; s != nil && *s > 0 {
		p.ProgressDeadline = time.Duration(*s) * time.Second
	}
	return p, nil
}

// supported refuses what this version cannot do, rather than do something else (D17).
func supported(c *flaggerv1.Canary, defaults Defaults) error {
	provider := c.Spec.Provider
	if provider == "" {
		provider = defaults.Provider
	}
	if provider != "" && provider != "istio" {
		return refuse("provider %q is not supported: use istio", provider)
	}
	if k := c.Spec.TargetRef.Kind; k != "Deployment" {
		return refuse("target kind %q is not supported: use a Deployment", k)
	}
	if name := c.Spec.TargetRef.Name; strings.HasSuffix(name, kube.PrimaryName("")) && len(name) > len(kube.PrimaryName("")) {
		return refuse("target %q ends in %q, which is the name of a primary: name the workload that you edit", name, kube.PrimaryName(""))
	}
	if apex := c.ApexServiceName(); len(kube.PrimaryName(apex)) > maxServiceName {
		return refuse("the Service %s would have a name of more than %d characters: set service.name to a shorter one", kube.PrimaryName(apex), maxServiceName)
	}
	if err := validRegexes(c.Spec.Service.Match); err != nil {
		return err
	}
	return strategy(c)
}

// strategy refuses what is not a weighted release.
func strategy(c *flaggerv1.Canary) error {
	a := c.Spec.Analysis
	switch {
	case a.Iterations > 0 && len(a.Match) > 0:
		return refuse("A/B testing (analysis.match with analysis.iterations) is not supported yet: use stepWeight or stepWeights")
	case a.Iterations > 0:
		return refuse("blue/green (analysis.iterations) is not supported yet: use stepWeight or stepWeights")
	case a.SessionAffinity != nil:
		return refuse("analysis.sessionAffinity is not supported yet: remove it")
	case a.Mirror:
		return refuse("analysis.mirror is not supported yet: remove it")
	case strings.EqualFold(c.Spec.Service.AppProtocol, "tcp"):
		return refuse("TCP routes (service.appProtocol: tcp) are not supported yet")
	}
	return nil
}

// validRegexes refuses expressions that no proxy could compile: Envoy's are RE2, as Go's.
func validRegexes(matches []flaggerv1.HTTPMatchRequest) error {
	for _, m := range matches {
		for where, s := range map[string]*flaggerv1.StringMatch{"uri": m.URI, "scheme": m.Scheme, "method": m.Method, "authority": m.Authority} {
			if s != nil && !compiles(s.Regex) {
				return refuse("service.match: the regex %q of %s does not compile", s.Regex, where)
			}
		}
		for where, group := range map[string]map[string]flaggerv1.StringMatch{"header": m.Headers, "absent header": m.WithoutHeaders, "query parameter": m.QueryParams} {
			for name, s := range group {
				if !compiles(s.Regex) {
					return refuse("service.match: the regex %q of %s %s does not compile", s.Regex, where, name)
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

// stepsOf returns the canary weights to visit. maxWeight is where stepping
// stops, not a ceiling: 30 up to 50 visits 30 and 60.
func stepsOf(c *flaggerv1.Canary) ([]int, error) {
	a := c.Spec.Analysis
	if a.StepWeight > 0 {
		return ladder(a.StepWeight, a.MaxWeight), nil
	}
	last := 0
	for _, w := range a.StepWeights {
		if w <= last || w > 100 {
			return nil, refuse("analysis.stepWeights must rise from step to step, within 1 to 100: %d comes after %d", w, last)
		}
		last = w
	}
	if len(a.StepWeights) == 0 && !c.Spec.SkipAnalysis {
		return nil, refuse("the analysis has no steps: set analysis.stepWeight or analysis.stepWeights")
	}
	return a.StepWeights, nil
}

func ladder(step, maximum int) []int {
	if maximum <= 0 || maximum > 100 {
		maximum = 100
	}
	var steps []int
	for w := step; ; w += step {
		steps = append(steps, min(w, 100))
		if w >= maximum {
			return steps
		}
	}
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
