package rollout

import (
	"testing"
	"time"
)

// onTrial is a scene in which the canary is judged before it has a share of all requests.
func onTrial(phase Phase, steps []Step, edits ...edit) scene {
	all := []edit{policy(func(p *Policy) { p.Steps = steps }), func(s *scene) { s.o.Route.Traffic = steps[0].Traffic }}
	return released(phase, StageTrial, 0, append(all, edits...))
}

func passed(n int) edit { return func(s *scene) { s.o.Record.Iterations = n } }

// through is a route that somebody set.
func through(t Traffic) edit { return func(s *scene) { s.o.Route.Traffic = t } }

func TestTrials(t *testing.T) {
	good := answered(AskAnalysis, Pass)
	run(t, map[string]row{
		"the first step of a mirrored release is its trial": {
			seen: progressing(0, policy(func(p *Policy) { p.Steps = mirrored(p.Steps) })),
			want: "Progressing/Trial 0%, canary up, mirrored, wake 10s, Advanced",
			says: "tried on mirrored requests",
		},
		"an analysis that passes is counted until there are enough": {
			seen: onTrial(PhaseProgressing, chosenUsers(3), passed(1), good),
			want: "Progressing/Trial 0%, canary up, matched, hold, wake 10s, AnalysisPassed",
			says: "2 of 3 analyses passed",
		},
		"the last one ends the trial": {
			seen: onTrial(PhaseProgressing, chosenUsers(3), passed(2), good),
			want: "Promoting/DrainPrimary 100%, canary full, hold, wake 1ms, Promoting",
		},
		"a failed analysis is not counted as passed": {
			seen: onTrial(PhaseProgressing, chosenUsers(3), passed(2), answered(AskAnalysis, Fail, "slow")),
			want: "Progressing/Trial 0%, 1 failed, canary up, matched, hold, wake 10s, Halted",
			says: "2 of 3 analyses passed (1 of 3 failed checks) is held: slow",
		},
		"a refused promotion keeps the trial going": {
			seen: onTrial(PhaseProgressing, blueGreen(1, true), good, policy(every), answered(AskRollback, Fail), answered(AskConfirmPromotion, Fail)),
			want: "WaitingPromotion/Trial 0%, canary up, mirrored, wake 10s, WaitingForApproval",
		},
		"a promotion that waits is tried on": {
			seen: onTrial(PhaseWaitingPromotion, blueGreen(1, true), checked(time.Second)),
			want: "WaitingPromotion/Trial 0%, canary up, mirrored, wake 9s",
		},
		"the gate of the promotion lets everybody in": {
			seen: onTrial(PhaseWaitingPromotion, blueGreen(1, true), good, policy(every), answered(AskRollback, Fail), answered(AskConfirmPromotion, Pass)),
			want: "Progressing 100%, canary up, hold, wake 10s, Advanced",
		},
		"a canary that cannot carry everybody grows first": {
			seen: onTrial(PhaseProgressing, blueGreen(1, false), good, primary(ready(4))),
			want: "Progressing/Trial 0%, canary full, wake 10s",
			says: "grows to carry all traffic",
		},
		"a canary that may not grow any more is enough": {
			seen: onTrial(PhaseProgressing, blueGreen(1, false), good, primary(ready(4)), func(s *scene) { s.o.Canary.Most = 2 }),
			want: "Progressing 100%, canary up, hold, wake 10s, Advanced",
		},
		"a canary that lost its pods loses those who match": {
			seen: onTrial(PhaseProgressing, chosenUsers(3), canary(coming(2, 0))),
			want: "Progressing/PreRolloutPassed 0%, 1 failed, canary up, wake 10s, Halted",
		},
		"a plan that has lost its trial begins with its first weight": {
			seen: released(PhaseProgressing, StageTrial, 0, nil),
			want: "Progressing 10%, canary up, hold, wake 10s, Advanced",
		},
		"those who match stay with a canary that alone serves": {
			seen: progressing(0, through(Traffic{Matched: true}), primary(coming(2, 0))),
			want: "Progressing 0%, canary up, no route, wake 10s",
		},
		"a match set by hand does not keep everybody from the canary": {
			seen: promoting(StageRollPrimary, 100, primaryAt("v2"), primary(coming(2, 0)), through(Traffic{Canary: 50, Matched: true})),
			want: "Promoting/RollPrimary 100%, canary full, hold, wake 10s",
		},
	})
}
