package rollout

import (
	"fmt"
	"time"
)

// ask returns the answer to a question. When there is none yet it returns the
// decision to return instead, and false. What nobody configured is a pass.
func (t turn) ask(k Kind, maxAge time.Duration) (Answer, Decision, bool) {
	if !t.p.Asks.configured(k) {
		return Answer{Verdict: Pass}, Decision{}, true
	}
	a := t.o.Evidence[k]
	switch a.Verdict {
	case Unasked:
		return a, Decision{Ask: Question{Kind: k, Round: t.round(k), MaxAge: maxAge}}, false
	case Pending:
		return a, t.stay("%s", t.standing(t.o.Record)), false
	case Pass, Fail, NoData, Error:
	}
	return a, Decision{}, true
}

// round names one asking of a question. Questions with an age limit are asked
// again when the answer is too old; all others when something was recorded.
func (t turn) round(k Kind) string {
	r := t.o.Record
	switch k {
	case AskRollback, AskCanarySilent, AskPrimarySilent:
		return t.o.Revision
	case AskNothing, AskConfirmRollout, AskPreRollout, AskAnalysis, AskConfirmTraffic, AskConfirmPromotion:
	}
	return fmt.Sprintf("%s/%s/%d/%d/%d", t.o.Revision, r.Phase, r.Weight, r.FailedChecks, r.CheckedAt.UnixMicro())
}

func (a Asks) configured(k Kind) bool {
	switch k {
	case AskConfirmRollout:
		return a.ConfirmRollout
	case AskPreRollout:
		return a.PreRollout
	case AskAnalysis:
		return a.Analysis
	case AskConfirmTraffic:
		return a.ConfirmTraffic
	case AskConfirmPromotion:
		return a.ConfirmPromotion
	case AskRollback:
		return a.Rollback
	case AskNothing, AskCanarySilent, AskPrimarySilent:
	}
	return true
}

// gate asks a gate. When it is not open yet it returns the decision to return
// instead, and false: no answer counts as no.
func (t turn) gate(k Kind, refused Phase) (Decision, bool) {
	a, d, ok := t.ask(k, 0)
	if !ok {
		return d, false
	}
	if a.Verdict != Pass {
		d := t.hold("WaitingForApproval", refused, "the "+k.String()+" gate said no"+because(a.Reason))
		for i := range d.Events {
			d.Events[i].Gate = k
		}
		return d, false
	}
	return Decision{}, true
}

// veto asks the rollback hooks, which may end a release at any time. It returns
// what to do instead of going on, and false when there is nothing: a hook that
// hangs holds nothing up.
func (t turn) veto() (Decision, bool) {
	if !t.p.Asks.Rollback {
		return Decision{}, false
	}
	a, d, _ := t.ask(AskRollback, t.p.Interval)
	if a.Verdict == Pass {
		d := t.rollback("a rollback hook asked for it")
		d.Events[0].Level = Warn // somebody wanted it
		return d, true
	}
	return d, d.Ask.Kind != AskNothing
}
