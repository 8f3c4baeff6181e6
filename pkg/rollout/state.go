package rollout

import (
	"time"

	"github.com/linnet-delivery/linnet/pkg/analysis"
)

// Phase is where a release stands. The spelling is that of the API.
type Phase string

// The phases of a release, in the order of a good one; see doc.go for the diagram.
const (
	PhaseNone             Phase = ""
	PhaseInitializing     Phase = "Initializing"
	PhaseInitialized      Phase = "Initialized"
	PhaseWaiting          Phase = "Waiting"
	PhaseProgressing      Phase = "Progressing"
	PhaseWaitingPromotion Phase = "WaitingPromotion"
	PhasePromoting        Phase = "Promoting"
	PhaseFinalising       Phase = "Finalising"
	PhaseSucceeded        Phase = "Succeeded"
	PhaseFailed           Phase = "Failed"
)

// Stage is a place inside a phase that must survive a restart of the controller.
type Stage string

const (
	// StageNone is the only stage of most phases.
	StageNone Stage = ""
	// StageReady (Progressing, weight 0): the pre-rollout hooks have passed and need not run
	// again; what held the first step is asked again after the interval.
	StageReady Stage = "PreRolloutPassed"
	// StageTrial (Progressing and WaitingPromotion, weight 0): the canary is judged in the plan's
	// trial. The pre-rollout hooks have passed.
	StageTrial Stage = "Trial"
	// StageStranded (Progressing, weight above 0): no primary pod served when the release began, so it
	// began at the weight it found. It goes back to weight 0 as soon as one serves.
	StageStranded Stage = "Stranded"
	// StageDrainPrimary (Promoting): all traffic is on the canary, the primary falls silent.
	StageDrainPrimary Stage = "DrainPrimary"
	// StageRollPrimary (Promoting): the primary is given the promoted template and must become ready.
	// (Failed): it did not; the promotion failed, not the release.
	StageRollPrimary Stage = "RollPrimary"
	// StageReturn (Promoting): traffic moves back to the primary.
	StageReturn Stage = "Return"
)

// Traffic is how requests are shared out. The primary receives whatever the
// canary does not, so the two always add up to 100.
type Traffic struct {
	// Canary is the percentage of requests that the canary receives, 0..100.
	Canary int
	// Mirror copies the primary's requests to the canary and discards its answers.
	Mirror bool
	// Matched gives the canary all requests that meet the match of the analysis, and its
	// share of the others only.
	Matched bool
}

// reachesUsers reports whether the canary answers any request of a user.
func (t Traffic) reachesUsers() bool { return t.Canary > 0 || t.Matched }

// Primary returns the percentage of requests that the primary receives.
func (t Traffic) Primary() int { return 100 - t.Canary }

// lessThan reports whether some user's request that the canary answers under u is the primary's under t.
func (t Traffic) lessThan(u Traffic) bool {
	return t.Canary < u.Canary || u.Matched && !t.Matched && t.Canary < 100
}

// Record is what a release remembers: the part of the Canary's status that decisions are made from.
type Record struct {
	Phase Phase
	Stage Stage
	// Weight is the canary's share that was decided last, in percent.
	Weight int
	// FailedChecks counts failed analyses of this revision.
	FailedChecks int
	// Iterations counts the analyses that have passed at the present step, but for the last.
	Iterations int
	// LastApplied is the revision of this release, LastPromoted the one that the primary was given last.
	LastApplied, LastPromoted string
	// CheckedAt is when the last analysis or gate was answered, or the weight last moved.
	CheckedAt time.Time
	// ErrorsSince is when the metrics stopped answering; zero while they answer.
	ErrorsSince time.Time
	// Failure is why the last release failed or, while one runs, why it is held: the last analysis or
	// gate that said no. Empty when all is well.
	Failure string
}

// answered returns r after an analysis or a gate that could be asked: no outage
// is on, and nothing holds the release.
func (r Record) answered(now time.Time) Record {
	r.CheckedAt, r.ErrorsSince, r.Failure = now, time.Time{}, ""
	return r
}

// Readiness is how far one side's pods are.
type Readiness int

const (
	// Unknown is the zero value: nothing is known, so nothing may rely on it.
	Unknown Readiness = iota
	// Waiting means that pods are on their way.
	Waiting
	// Ready means that every wanted pod of the current template serves, within the ready threshold.
	Ready
	// Stuck means that the pods will not become ready by waiting: the deadline passed, a container
	// crash-loops, an image cannot be pulled.
	Stuck
)

// Health is the state of one side's workload.
type Health struct {
	State Readiness
	// Reason is one clause for people: what is waited for, or the pod's own reason.
	Reason string
	// Desired is the wanted number of replicas, Serving those that are ready, of whatever template.
	Desired, Serving int
	// Most is how many replicas the side may have at the most, 0 for any number.
	Most int
	// Since is the moment from which State has been what it is, without a break, as seen by this process.
	Since time.Time
}

// serves reports whether every wanted pod is ready and at least one is wanted.
func (h Health) serves() bool { return h.State == Ready && h.Serving > 0 }

// Full reports whether as many replicas serve as are wanted, and at least one does.
func (h Health) Full() bool { return h.Serving > 0 && h.Serving >= h.Desired }

// Route is the share of traffic that the mesh is configured for, as read back.
type Route struct {
	// Known is false when no route exists yet.
	Known   bool
	Traffic Traffic
	// Since is the moment from which the route has been so, without a break, as seen by this process.
	Since time.Time
}

// Observation is the world as one reconcile found it.
type Observation struct {
	Record Record
	// Revision is the target's revision now.
	Revision string
	// PrimaryRevision is the revision that the primary's template was made from; empty when there is no primary.
	PrimaryRevision string
	Canary, Primary Health
	Route           Route
	Evidence        Evidence
}

// Verdict is the answer to a question.
type Verdict int

const (
	// Unasked is the zero value, so forgotten evidence never passes.
	Unasked Verdict = iota
	// Pending means that the question was put and the answer will wake the Canary.
	Pending
	// Pass is a yes: metrics within their limits, a gate open, a side silent.
	Pass
	// Fail is a no.
	Fail
	// NoData means that the provider answered and had nothing to say.
	NoData
	// Error means that the question could not be answered.
	Error
)

// String returns the verdict's name as the API spells it.
func (v Verdict) String() string {
	return [...]string{"Unasked", "Pending", "Pass", "Fail", "NoData", "Error"}[v]
}

// Kind is what is asked.
type Kind int

const (
	// AskNothing is the zero value: the decision stands without further evidence.
	AskNothing Kind = iota
	// AskConfirmRollout asks the confirm-rollout gates.
	AskConfirmRollout
	// AskPreRollout runs the pre-rollout hooks.
	AskPreRollout
	// AskAnalysis runs the rollout hooks and every metric.
	AskAnalysis
	// AskConfirmTraffic asks the confirm-traffic-increase gates.
	AskConfirmTraffic
	// AskConfirmPromotion asks the confirm-promotion gates.
	AskConfirmPromotion
	// AskRollback asks the rollback hooks; Pass means "roll back".
	AskRollback
	// AskCanarySilent asks whether the canary has had no request over the last window.
	AskCanarySilent
	// AskPrimarySilent asks the same of the primary.
	AskPrimarySilent
)

// String returns the kind as a reader of logs and messages knows it.
func (k Kind) String() string {
	return [...]string{
		"nothing", "confirm-rollout", "pre-rollout", "analysis", "confirm-traffic-increase",
		"confirm-promotion", "rollback", "canary silence", "primary silence",
	}[k]
}

// Question is something to find out. Two questions are the same when Kind and Round are.
type Question struct {
	Kind Kind
	// Round tells one asking from the next: it changes with the revision, the
	// weight and the time of the last answer that was recorded.
	Round string
	// MaxAge is how old an answer may be; 0 means that it keeps.
	MaxAge time.Duration
}

// Answer is what was found out.
type Answer struct {
	Verdict Verdict
	// Reason is one sentence for people, empty on a plain pass.
	Reason string
	// Checks are the single results of an analysis.
	Checks []analysis.Result
	// At is when it was found out.
	At time.Time
}

// Evidence holds the answers at hand.
type Evidence map[Kind]Answer

// Scale is what should become of the canary's replicas.
type Scale int

const (
	// ScaleKeep leaves them as they are.
	ScaleKeep Scale = iota
	// ScaleUp brings the canary to its working size.
	ScaleUp
	// ScaleFull brings it to at least the primary's size.
	ScaleFull
	// ScaleOne leaves a single replica for stragglers.
	ScaleOne
	// ScaleZero takes it away.
	ScaleZero
)

// Decision is either a question, or a state of the world to bring about in the order
// grow, shift, shrink, record, tell.
type Decision struct {
	// Ask, when its Kind is set, is the only field that counts: answer it and call Next again.
	Ask Question
	// Grow first: create the primary, scale the canary up, give the primary the promoted template.
	EnsurePrimary bool
	// Promote is the revision whose template the primary is to carry; empty for none.
	Promote string
	// HoldPrimary keeps the primary's autoscaler from shrinking it while traffic is away.
	HoldPrimary bool
	Canary      Scale
	// Route says whether the route is to be written at all; before initialisation it is not.
	Route bool
	// Traffic is how requests are to be shared.
	Traffic Traffic
	// Next is the record to write.
	Next Record
	// Wake is when to look again without an event; 0 means only on an event.
	Wake time.Duration
	// Message says what the release waits for and what comes next: one sentence,
	// the same as long as nothing changed. Empty keeps the last one, while a side is asked for silence.
	Message string
	// Checks are the results of the analysis that this decision used, if any.
	Checks []analysis.Result
	// Events are what happened, for people, in order. Empty when nothing changed.
	Events []Event
	// PostRollout asks for the post-rollout hooks once the record is written.
	PostRollout bool
	// Stalled is set when no wait will help and a person must act.
	Stalled bool
}

// Event is something that happened to a release.
type Event struct {
	// Reason is a CamelCase word that stays the same across releases of Linnet.
	Reason string
	// Message is one sentence.
	Message string
	Level   Level
	// Gate is the gate that said no, where that is what happened.
	Gate Kind
}

// Level is how serious an event is.
type Level int

// The levels of an event; alerts filter by them.
const (
	Info Level = iota
	Warn
	Alarm
)

// String returns the level as severities of alerts are spelled: info, warn or error.
func (l Level) String() string { return [...]string{"info", "warn", "error"}[l] }
