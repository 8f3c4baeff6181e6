// Package version says which build of Linnet this is.
package version

// Set by the linker, as in -ldflags "-X .../pkg/version.Version=v0.1.0".
var (
	// Version is the release, or "dev" in a build from a working tree.
	Version = "dev"
	// Commit is the Git commit that was built, empty when unknown.
	Commit = ""
	// Date is when it was built, in RFC 3339, empty when unknown.
	Date = ""
)

// String returns the build in one line, such as
// "v0.1.0 (commit 1a2b3c4, built 2026-03-01T12:00:00Z)". What is unknown is left out.
func String() string {
	s := Version
	switch {
	case Commit != "" && Date != "":
		s += " (commit " + Commit + ", built " + Date + ")"
	case Commit != "":
		s += " (commit " + Commit + ")"
	case Date != "":
		s += " (built " + Date + ")"
	}
	return s
}
