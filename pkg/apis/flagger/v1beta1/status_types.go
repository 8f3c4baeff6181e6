package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CanaryPhase is where a release stands.
// +kubebuilder:validation:Enum="";Initializing;Initialized;Waiting;Progressing;WaitingPromotion;Promoting;Finalising;Succeeded;Failed;Terminating;Terminated
type CanaryPhase string

// Phases of a Canary. The empty phase is that of a Canary nobody has looked at.
const (
	// PhaseInitializing: primary, Services and route are being made.
	PhaseInitializing CanaryPhase = "Initializing"
	// PhaseInitialized: the primary serves, and no release has run yet.
	PhaseInitialized CanaryPhase = "Initialized"
	// PhaseWaiting: a new revision waits for a confirm-rollout webhook.
	PhaseWaiting CanaryPhase = "Waiting"
	// PhaseProgressing: a new revision is started, stepped and analysed.
	PhaseProgressing CanaryPhase = "Progressing"
	// PhaseWaitingPromotion: a good revision waits for a confirm-promotion webhook.
	PhaseWaitingPromotion CanaryPhase = "WaitingPromotion"
	// PhasePromoting: the primary is brought to the new revision.
	PhasePromoting CanaryPhase = "Promoting"
	// PhaseFinalising: traffic has left the canary, which is drained and stopped.
	PhaseFinalising CanaryPhase = "Finalising"
	// PhaseSucceeded: the primary runs the new revision and serves everything.
	PhaseSucceeded CanaryPhase = "Succeeded"
	// PhaseFailed: the release was rolled back, or its promotion got stuck.
	PhaseFailed CanaryPhase = "Failed"
	// PhaseTerminating: the Canary is being deleted and hands the application back.
	PhaseTerminating CanaryPhase = "Terminating"
	// PhaseTerminated is part of the contract and never written.
	PhaseTerminated CanaryPhase = "Terminated"
)

// CanaryStatus is the memory of a Canary: what it is doing, why, and everything
// a controller needs to go on after a restart.
type CanaryStatus struct {
	// ObservedGeneration is the generation of the spec that this status answers.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Phase is where the release stands.
	// +optional
	Phase CanaryPhase `json:"phase,omitempty"`

	// Message says in one sentence what the release waits for and what happens next.
	// +optional
	Message string `json:"message,omitempty"`

	// FailedChecks is the number of failed analyses of this release.
	// +optional
	FailedChecks int `json:"failedChecks"`

	// CanaryWeight is the percentage of requests that the canary gets by plan.
	// +optional
	CanaryWeight int `json:"canaryWeight"`

	// Iterations is the number of analyses done in blue/green and A/B testing.
	// +optional
	Iterations int `json:"iterations"`

	// Stage is the part of its phase that a release is in, where a phase has parts.
	// +optional
	Stage string `json:"stage,omitempty"`

	// ErrorsSince is when metrics became unanswerable without a break.
	// +optional
	ErrorsSince metav1.MicroTime `json:"errorsSince,omitempty,omitzero"`

	// FailureReason says in one clause why the last release failed.
	// +optional
	FailureReason string `json:"failureReason,omitempty"`

	// LastAppliedSpec is the revision last taken up for release.
	// +optional
	LastAppliedSpec string `json:"lastAppliedSpec,omitempty"`

	// LastPromotedSpec is the revision that was promoted last. After a promotion
	// that failed the primary may have been given another one.
	// +optional
	LastPromotedSpec string `json:"lastPromotedSpec,omitempty"`

	// TrackedConfigs holds a checksum for each configmap/NAME and secret/NAME
	// that the target refers to, empty while that object does not exist.
	// +optional
	TrackedConfigs map[string]string `json:"trackedConfigs,omitempty"`

	// LastTransitionTime is when this status last changed.
	// +optional
	LastTransitionTime metav1.Time `json:"lastTransitionTime,omitempty,omitzero"`

	// LastAnalysisTime is when the last analysis was made; the next one is due
	// an interval later.
	// +optional
	LastAnalysisTime metav1.MicroTime `json:"lastAnalysisTime,omitempty,omitzero"`

	// Checks are the results of the last analysis.
	// +listType=atomic
	// +optional
	Checks []CheckResult `json:"checks,omitempty"`

	// SessionAffinityCookie is the canary's cookie in this release, as NAME=VALUE.
	// +optional
	SessionAffinityCookie string `json:"sessionAffinityCookie,omitempty"`

	// PrimarySessionAffinityCookie is the primary's cookie in this release, as NAME=VALUE.
	// +optional
	PrimarySessionAffinityCookie string `json:"primarySessionAffinityCookie,omitempty"`

	// PreviousSessionAffinityCookie is the canary's cookie of the release before,
	// which is taken back from those who still send it.
	// +optional
	PreviousSessionAffinityCookie string `json:"previousSessionAffinityCookie,omitempty"`

	// Conditions are Promoted, for scripts that wait for a release, and Ready,
	// Reconciling and Stalled, for tools that follow the kstatus convention.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Verdict is what a check found.
// +kubebuilder:validation:Enum=Pass;Fail;NoData;Error
type Verdict string

// Verdicts of a check.
const (
	VerdictPass Verdict = "Pass"
	VerdictFail Verdict = "Fail"
	// VerdictNoData: the question was answered, and there was nothing to judge.
	VerdictNoData Verdict = "NoData"
	// VerdictError: the question was not answered, or not in a usable way.
	VerdictError Verdict = "Error"
)

// CheckResult is the last result of one check.
type CheckResult struct {
	// Name of the metric or webhook.
	Name string `json:"name"`
	// Value that was found, with its unit; empty when there is none.
	// +optional
	Value string `json:"value,omitempty"`
	// Limits that the value is held against, such as "at least 99 %".
	// +optional
	Limits string `json:"limits,omitempty"`
	// Verdict is what the check found.
	Verdict Verdict `json:"verdict"`
	// Message says why, when the verdict is not Pass.
	// +optional
	Message string `json:"message,omitempty"`
	// Time of the check.
	// +optional
	Time metav1.Time `json:"time,omitempty,omitzero"`
}
