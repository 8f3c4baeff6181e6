// Package framework drives Linnet on a real cluster and mesh, and measures what its users would see.
//
// Start reading at [Load], the client that counts every request, and [Timeline],
// which notes when routes and Canaries changed. Everything else brings the
// world into a state (podinfo.go, canary.go, faults.go) or waits for one (wait.go).
//
// The programs that use it run inside the lab's network namespace, see lab exec.
package framework
