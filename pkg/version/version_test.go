package version_test

import (
	"testing"

	"github.com/linnet-delivery/linnet/pkg/version"
)

func TestString(t *testing.T) {
	tests := map[string]struct {
		version, commit, date string
		want                  string
	}{
		"a build from a working tree is only a version": {version: "dev", want: "dev"},
		"a release says all": {
			version: "v1.2.3", commit: "abc", date: "2026-03-01T12:00:00Z",
			want: "v1.2.3 (commit abc, built 2026-03-01T12:00:00Z)",
		},
		"an unknown date is left out":   {version: "v1.2.3", commit: "abc", want: "v1.2.3 (commit abc)"},
		"an unknown commit is left out": {version: "v1.2.3", date: "today", want: "v1.2.3 (built today)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, c, d := version.Version, version.Commit, version.Date
			t.Cleanup(func() { version.Version, version.Commit, version.Date = v, c, d })
			version.Version, version.Commit, version.Date = tt.version, tt.commit, tt.date
			if got := version.String(); got != tt.want {
				t.Errorf("String() = %q, want %q", got, tt.want)
			}
		})
	}
}
