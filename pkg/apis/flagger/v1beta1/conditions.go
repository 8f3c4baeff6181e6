package v1beta1

// Types of the conditions in a Canary's status.
const (
	// ConditionPromoted is True when the primary runs the last revision that was
	// taken up, False when that revision failed and Unknown in between. Its
	// reason is the phase. Scripts wait for it.
	ConditionPromoted = "Promoted"

	// ConditionReady is True when nothing is left to be done.
	ConditionReady = "Ready"

	// ConditionReconciling is True while a release, an initialisation or a
	// deletion is under way.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True when nothing more will happen until a person
	// changes something. Its message says what.
	ConditionStalled = "Stalled"
)
