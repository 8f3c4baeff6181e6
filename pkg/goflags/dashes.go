// Package goflags reads command lines that were written for Go's flag package.
package goflags

// WithTwoDashes returns arguments in which long flags have two dashes, as pflag
// wants them. Go's flag package takes one as well, and manifests written for
// Flagger have one.
func WithTwoDashes(args []string) []string {
	spelled := make([]string, len(args))
	for i, arg := range args {
		if len(arg) > 2 && arg[0] == '-' && arg[1] != '-' {
			arg = "-" + arg
		}
		spelled[i] = arg
	}
	return spelled
}
