// Package workload looks after a Canary's target and its primary copy: it reads their health, tells
// revisions apart, clones, promotes and scales.
//
// It decides nothing about a release. It refuses to know of traffic and of Services, and never edits
// the target beyond its replicas.
//
// A target is a Deployment; other kinds are refused in a sentence. What concerns the pod template
// (revision, references, rewriting, the pods' own complaints) takes a template or a pod and no
// Deployment, so another kind needs only its own clone, scale and health.
//
// Start reading at Deployments.Observe, then Deployments.Promote.
package workload
