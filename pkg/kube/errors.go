package kube

import "errors"

// Errors that a caller branches on.
var (
	// ErrTargetNotFound means that spec.targetRef names nothing that exists.
	ErrTargetNotFound = errors.New("target not found")
	// ErrRevisionMoved means that the target changed between the decision and the write.
	ErrRevisionMoved = errors.New("the target moved to another revision")
	// ErrRefused means that the Canary asks for something that cannot be done; no retry helps until somebody edits it or what it names.
	ErrRefused = errors.New("refused")
)
