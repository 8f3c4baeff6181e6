// Package rollout decides. Next takes what a user wants (Policy), what one
// reconcile saw (Observation) and the time, and returns either a question that
// must be answered first or the state of the world to bring about.
//
// It knows no Kubernetes, no mesh and no metric provider, and imports nothing
// but the standard library and package analysis. What survives a restart is in
// Record; routes and replicas are the world, to be corrected and never
// believed as memory.
//
//	                        ┌────────────── returned to the promoted revision ─────────────┐
//	Initializing ─► Initialized ─► (Waiting) ─► Progressing ─► (WaitingPromotion) ─► Promoting
//	                                  ▲             │                                  │   │
//	                                  │  new        │ threshold, stuck pods,           │   │ primary
//	                                  │  revision   ▼ rollback hook, outage            │   ▼ cannot start
//	                              Succeeded      Failed ◄─────────────────────────────────Failed, weight kept
//	                                  ▲                                                │
//	                                  └────────────────── Finalising ◄─────────────────┘
//
// The order of effects is the same for every decision: grow, shift, shrink,
// record, tell. Whatever is written can be written twice, so dying between any
// two effects ends in the same final state.
//
// Start reading at Next in next.go. The phases are in initialise.go, idle.go,
// progress.go with judge.go, promote.go and failed.go; ask.go and drain.go hold
// the questions and the wait for silence, release.go the way out on deletion.
// The stories in testdata tell whole releases; package planted holds mistakes
// that the tests must notice.
package rollout
