// Package workload looks after a Canary's target and its primary copy: it reads their health, tells
// revisions apart, clones, promotes and scales.
//
// It decides nothing about a release. It refuses to know of traffic, and never edits the target
// beyond its size and the pause of its autoscaler.
//
// A target is a Deployment, a DaemonSet or a Service; Targets chooses by the kind. The first two are
// one mechanism: what they differ in is in the podOwner of each. A Service runs no pods and has no
// size, so it is copied twice instead: see serviceTargets. In the same way a scaler is either kind of
// autoscaler. What is added to a kind is therefore added in its own file.
//
// Start reading at Targets, then podTargets.Observe and podTargets.Promote.
package workload
