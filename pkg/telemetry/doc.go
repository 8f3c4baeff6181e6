// Package telemetry is what Linnet says about itself to Prometheus: where each
// release stands, how releases ended, how long questions took.
//
// It only watches. A Meter is told what others decided and found out, and keeps
// no figure that any decision is made from. Start reading at Meter.Observe; the
// series are listed in collectors.go.
package telemetry
