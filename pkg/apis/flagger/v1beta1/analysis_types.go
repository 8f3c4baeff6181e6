package v1beta1

// CanaryAnalysis is the plan of a release. Iterations selects blue/green, or A/B
// testing together with Match; StepWeight and StepWeights shift traffic step by
// step. Exactly one of the three has to be there.
//
// +kubebuilder:validation:XValidation:rule="(has(self.iterations) ? 1 : 0) + (has(self.stepWeight) ? 1 : 0) + (has(self.stepWeights) ? 1 : 0) == 1",message="set exactly one of iterations (A/B and blue/green), stepWeight and stepWeights (weighted steps)"
type CanaryAnalysis struct {
	// Interval is the least time between two analyses. Less than 10s counts as 10s.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]+(m|s)') && self.matches('^([0-9]{1,6}([.][0-9]{1,9})?(h|m|s|ms))+$') && duration(self) >= duration('1s')",message="interval must be a duration of at least 1s in minutes or seconds, such as 30s, 1m or 1m30s"
	Interval string `json:"interval"`

	// Threshold is the number of failed analyses, in sum and not in a row, that
	// ends a release in a rollback. 0 and less mean 1.
	Threshold int `json:"threshold"`

	// Iterations is the number of analyses in blue/green and A/B testing, where
	// weights do not move in steps.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Iterations int `json:"iterations,omitempty"`

	// MaxWeight is where stepping stops and promotion starts, in percent. It is
	// no ceiling: steps of 30 up to 50 visit 30 and 60. 0 or unset means 100;
	// StepWeights ignore it and stop at their last step.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	MaxWeight int `json:"maxWeight,omitempty"`

	// StepWeight is how many percent of requests each passed analysis moves from
	// the primary to the canary.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	StepWeight int `json:"stepWeight,omitempty"`

	// StepWeights lists the canary's share at each step, in percent. After an edit
	// during a release the next listed step above the present share is taken.
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:XValidation:rule="self.all(w, w >= 1 && w <= 100) && self.isSorted() && self.all(w, self.exists_one(x, x == w))",message="stepWeights must rise from step to step and lie between 1 and 100, such as [5, 20, 50]"
	// +optional
	StepWeights []int `json:"stepWeights,omitempty"`

	// StepWeightPromotion is how many percent of requests go back to the primary
	// at a time after promotion. 0 means all of them at once.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	StepWeightPromotion int `json:"stepWeightPromotion,omitempty"`

	// Match selects the users who meet the canary, by header, query parameter or
	// calling workload. A user has to meet one of the entries.
	// +kubebuilder:validation:MaxItems=128
	// +optional
	Match []AnalysisMatch `json:"match,omitempty"`

	// Mirror sends the canary copies of requests, and discards its answers,
	// before it gets traffic of its own.
	// +optional
	Mirror bool `json:"mirror,omitempty"`

	// MirrorWeight is the percentage of requests that are mirrored. 0 or unset
	// means all of them.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	MirrorWeight int `json:"mirrorWeight,omitempty"`

	// PrimaryReadyThreshold is the percentage of the primary's updated pods that
	// have to be available. Default 100.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	PrimaryReadyThreshold *int `json:"primaryReadyThreshold,omitempty"`

	// CanaryReadyThreshold is the percentage of the canary's updated pods that
	// have to be available. Default 100.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	CanaryReadyThreshold *int `json:"canaryReadyThreshold,omitempty"`

	// Metrics are the checks by number.
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Metrics []CanaryMetric `json:"metrics,omitempty"`

	// Alerts are told what happens to a release.
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Alerts []CanaryAlert `json:"alerts,omitempty"`

	// Webhooks are asked or told at certain points of a release.
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Webhooks []CanaryWebhook `json:"webhooks,omitempty"`

	// SessionAffinity keeps a user on the side that answered first.
	// +optional
	SessionAffinity *SessionAffinity `json:"sessionAffinity,omitempty"`

	// OnNoData says what a check without data means: Count it as a failure (as
	// when unset), Hold the weight without counting, or Pass it.
	// +optional
	OnNoData NoDataPolicy `json:"onNoData,omitempty"`

	// PrimaryUpdate says how the primary is brought to the new revision. Drained
	// first moves all traffic to the canary and updates the primary without
	// traffic; InPlace updates it under its share. Auto, as when unset, is Drained
	// whenever the canary has at least as many ready pods as the primary.
	// +optional
	PrimaryUpdate PrimaryUpdate `json:"primaryUpdate,omitempty"`
}

// NoDataPolicy says what a check without data means.
// +kubebuilder:validation:Enum=Count;Hold;Pass
type NoDataPolicy string

// What a check without data means. The empty policy is NoDataCount.
const (
	NoDataCount NoDataPolicy = "Count"
	NoDataHold  NoDataPolicy = "Hold"
	NoDataPass  NoDataPolicy = "Pass"
)

// PrimaryUpdate says how the primary is brought to a new revision.
// +kubebuilder:validation:Enum=Auto;Drained;InPlace
type PrimaryUpdate string

// Ways to update the primary. The empty one is PrimaryUpdateAuto.
const (
	PrimaryUpdateAuto    PrimaryUpdate = "Auto"
	PrimaryUpdateDrained PrimaryUpdate = "Drained"
	PrimaryUpdateInPlace PrimaryUpdate = "InPlace"
)

// AnalysisMatch is met by a request that meets all of its conditions.
type AnalysisMatch struct {
	// Headers by lower-case name.
	// +kubebuilder:validation:MaxProperties=128
	// +kubebuilder:validation:XValidation:rule="self.all(h, has(self[h].exact) || has(self[h].prefix) || has(self[h].suffix) || has(self[h].regex))",message="each header of a match needs one of exact, prefix, suffix and regex"
	// +optional
	Headers map[string]StringMatch `json:"headers,omitempty"`
	// +kubebuilder:validation:MaxProperties=128
	// +optional
	QueryParams map[string]StringMatch `json:"queryParams,omitempty"`
	// SourceLabels are labels of the calling workload. They count only for calls
	// from inside the mesh.
	// +optional
	SourceLabels map[string]string `json:"sourceLabels,omitempty"`
}

// SessionAffinity keeps a user on the side that answered first, by a cookie.
//
// +kubebuilder:validation:XValidation:rule="!has(self.primaryCookieName) || self.primaryCookieName != self.cookieName",message="cookieName and primaryCookieName must differ"
type SessionAffinity struct {
	// CookieName is the cookie of users who met the canary.
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="size(self) > 0 && !self.matches('[ ,;=\"[:cntrl:]]')",message="cookieName must not be empty or contain spaces, commas, semicolons, quotes or equals signs"
	CookieName string `json:"cookieName"`
	// PrimaryCookieName is the cookie of users who met the primary. Empty means
	// that they may meet the canary at a later request.
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.matches('[ ,;=\"[:cntrl:]]')",message="primaryCookieName must not contain spaces, commas, semicolons, quotes or equals signs"
	// +optional
	PrimaryCookieName string `json:"primaryCookieName,omitempty"`
	// +optional
	Domain string `json:"domain,omitempty"`
	// +optional
	HTTPOnly bool `json:"httpOnly,omitempty"`
	// MaxAge is the lifetime of the canary's cookie in seconds.
	// +kubebuilder:default=86400
	// +optional
	MaxAge int `json:"maxAge,omitempty"`
	// +optional
	Partitioned bool `json:"partitioned,omitempty"`
	// +optional
	Path string `json:"path,omitempty"`
	// +kubebuilder:validation:Enum=Strict;Lax;None
	// +optional
	SameSite string `json:"sameSite,omitempty"`
	// +optional
	Secure bool `json:"secure,omitempty"`
}
