package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// handover puts the next thing to do on deletion into words.
func handover(h Handover) string {
	if h.Ask.Kind != AskNothing {
		return "ask " + h.Ask.Kind.String()
	}
	var words []string
	add := func(when bool, format string, args ...any) {
		if when {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(h.Canary == ScaleFull, "target full")
	add(h.HandBack, "hand back")
	add(h.Keep, "keep")
	add(h.Done, "done")
	add(h.Wake > 0, "wake %s", h.Wake)
	return strings.Join(words, ", ")
}

func TestHandingBack(t *testing.T) {
	given := func(ago time.Duration) edit {
		return func(s *scene) { s.o.Route = Route{Since: start.Add(-ago)} }
	}
	rows := map[string]struct {
		seen scene
		want string
		// deleted is how long ago the Canary was deleted.
		deleted time.Duration
	}{
		"without a primary there is nothing to hand back": {
			seen: resting(PhaseSucceeded, primary(Health{})),
			want: "hand back, done",
		},
		"the target grows before any route is given back": {
			seen: resting(PhaseSucceeded),
			want: "target full, wake 50s",
		},
		"the target must carry what the primary does": {
			seen: resting(PhaseSucceeded, canary(ready(1))),
			want: "target full, wake 50s",
		},
		"a target that only just became ready is given time to be known": {
			seen: resting(PhaseSucceeded, canary(since(0, ready(2)))),
			want: "target full, wake 1s",
		},
		"then the routes are given back": {
			seen: resting(PhaseSucceeded, canary(ready(2))),
			want: "target full, hand back",
		},
		"the primary is given time to fall silent": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(2*time.Second)),
			want: "target full, wake 3s",
		},
		"the primary is asked for silence": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute)),
			want: "ask primary silence",
		},
		"an answer under way is waited for": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute), answered(AskPrimarySilent, Pending)),
			want: "target full, wake 50s",
		},
		"a primary that is still called is asked again": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute), answered(AskPrimarySilent, Fail)),
			want: "target full, wake 2s",
		},
		"a silent primary may go": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute), answered(AskPrimarySilent, Pass)),
			want: "target full, hand back, done",
		},
		"metrics that cannot tell do not keep it for ever": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute), answered(AskPrimarySilent, Error)),
			want: "target full, hand back, done",
		},
		"a primary that is called for ever is kept": {
			seen: resting(PhaseSucceeded, canary(ready(2)), given(time.Minute), answered(AskPrimarySilent, Fail)), deleted: 50 * time.Second,
			want: "keep, done",
		},
		"a primary whose target does not become ready is kept": {
			seen: resting(PhaseSucceeded, canary(coming(2, 0))), deleted: 50 * time.Second,
			want: "keep, done",
		},
		"a primary whose target cannot start is kept at once": {
			seen: resting(PhaseSucceeded, canary(stuck(2, 0))),
			want: "keep, done",
		},
		"a primary that serves nobody is not kept": {
			seen: resting(PhaseSucceeded, canary(coming(2, 0)), primary(coming(2, 0))), deleted: 50 * time.Second,
			want: "hand back, done",
		},
		"a handover that is under way is not given up": {
			seen: resting(PhaseSucceeded, canary(since(0, ready(2)))), deleted: 50 * time.Second,
			want: "target full, wake 1s",
		},
	}
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(r.want, handover(Release(r.seen.p.Barriers, r.seen.o, start.Add(-r.deleted), start))); diff != "" {
				t.Errorf("Release() differs (-want +got):\n%s", diff)
			}
		})
	}
}
