// Package alert tells people in chat rooms what happened to a release.
//
// A Canary names AlertProviders in spec.analysis.alerts; one that names none
// uses the installation's own receivers. What is worth an alert stands in
// message.go, the form in which each kind of provider wants it in formats.go.
// Start reading at Sender.Alert.
package alert
