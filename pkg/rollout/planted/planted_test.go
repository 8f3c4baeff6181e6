// Package planted makes mistakes in package rollout and expects its tests to notice them.
package planted

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// defect is a mistake that somebody could make in package rollout.
type defect struct {
	file, is, becomes string
}

// planted are mistakes that the tests of package rollout must notice, each of them. A defect that this test no longer finds the place for was moved: move it too.
var planted = map[string]defect{
	"a rollback keeps its weight": {
		"progress.go", "Phase: PhaseFailed, Weight: t.home(),", "Phase: PhaseFailed, Weight: r.Weight,",
	},
	"a restart keeps its weight": {
		"idle.go", "Phase: PhaseProgressing, Weight: t.home(),", "Phase: PhaseProgressing, Weight: t.o.Record.Weight,",
	},
	"a canary gets traffic before it is ready": {
		"progress.go", "if !t.o.Canary.serves() {", "if t.o.Canary.State == Unknown {",
	},
	"a canary gets traffic before every proxy knows it": {
		"progress.go", "if ok, at := t.settled(t.o.Canary); !ok {", "if ok, at := t.settled(t.o.Canary); !ok && !t.o.Canary.serves() {",
	},
	"a canary that is scaled to zero counts as ready": {
		"state.go", "return h.State == Ready && h.Serving > 0", "return h.State == Ready",
	},
	"the threshold is off by one": {
		"judge.go", "t.o.Record.FailedChecks >= t.p.Threshold", "t.o.Record.FailedChecks > t.p.Threshold",
	},
	"the interval is ignored": {
		"judge.go", "if t.now.Before(t.due()) {", "if t.now.Before(t.o.Record.CheckedAt) {",
	},
	"a gate is asked again at once": {
		"progress.go", `case r.Failure != "" && t.now.Before(t.due()):`, `case r.Failure != "" && t.now.Before(r.CheckedAt):`,
	},
	"a failed analysis passes": {
		"judge.go", "return t.counted(a.Reason)", "return t.passed()",
	},
	"a promotion does not wait for its gate": {
		"progress.go", "if d, open := t.gate(AskConfirmPromotion, PhaseWaitingPromotion); !open {", "if d, open := t.gate(AskConfirmPromotion, PhaseWaitingPromotion); !open && d.Ask.Kind != AskNothing {",
	},
	"missing data passes": {
		"judge.go", "case t.p.OnNoData == NoDataPasses:", "case t.p.OnNoData != NoDataHolds:",
	},
	"an error counts": {
		"judge.go", "return t.outage(a)\n\tcase NoData:", "return t.counted(a.Reason)\n\tcase NoData:",
	},
	"an outage never ends": {
		"judge.go", "if t.now.Sub(since) >= t.p.ProgressDeadline {", "if since.After(t.now) {",
	},
	"a trial ends with its first analysis": {
		"judge.go", "n < t.p.step(t.o.Record).Analyses {", "n < t.p.step(t.o.Record).Analyses && n > 1 {",
	},
	"a trial is forgotten when it waits for the promotion": {
		"policy.go", "running := r.Phase == PhaseProgressing || r.Phase == PhaseWaitingPromotion", "running := r.Phase == PhaseProgressing",
	},
	"all requests go to a canary that cannot carry them": {
		"progress.go", "if s.Traffic.Canary == 100 && !t.carriesAll() {", "if s.Traffic.Canary > 100 {",
	},
	"the gate in front of a step is not asked": {
		"progress.go", "if s.Gate != AskNothing {", "if s.Gate == AskConfirmPromotion {",
	},
	"a match set by hand keeps everybody from the canary": {
		"state.go", "u.Matched && !t.Matched && t.Canary < 100", "u.Matched && !t.Matched",
	},
	"the steps leap": {
		"policy.go", "if s.Traffic.Canary > r.Weight || s.trial() && r.Weight == 0 && r.Stage != StageTrial {\n\t\t\treturn s, true", "if s.Traffic.Canary > r.Weight || s.trial() && r.Weight == 0 && r.Stage != StageTrial {\n\t\t\treturn p.Steps[len(p.Steps)-1], true",
	},
	"the last step is promoted without an analysis": {
		"judge.go", "if t.now.Before(t.due()) {\n\t\treturn", "if _, more := t.p.nextStep(t.o.Record); !more {\n\t\treturn t.confirmPromotion()\n\t}\n\tif t.now.Before(t.due()) {\n\t\treturn",
	},
	"the plan follows the route": {
		"next.go", "o.Record.Weight = min(max(o.Record.Weight, 0), 100)", "o.Record.Weight = o.Route.Traffic.Canary",
	},
	"the pre-rollout hooks run again": {
		"progress.go", "t.o.Record.Stage = StageReady // whatever", "// whatever",
	},
	"the drain is skipped": {
		"drain.go", "if elapsed < least {", "if elapsed < 0 {",
	},
	"the drain believes a route that is not in place": {
		"drain.go", "if !t.o.Route.Known || t.o.Route.Traffic != t.p.traffic(base.Next) {", "if !t.o.Route.Known {",
	},
	"the drain does not ask for silence": {
		"drain.go", "a, d, ok := t.ask(ask, silenceAge)", "a, d, ok := Answer{Verdict: Pass}, base, true",
	},
	"the last replica is taken from those who still call": {
		"drain.go", "d.Canary = ScaleOne", "d.Canary = ScaleZero",
	},
	"the primary is rolled under traffic": {
		"promote.go", "case q == busy:", "case q == busy && t.o.Route.Traffic.Canary < 100:",
	},
	"the canary is taken away while the primary rolls": {
		"next.go", "if d.Canary == ScaleKeep && d.Next.Weight > 0 {", "if d.Next.Stage == StageRollPrimary {\n\t\td.Canary = ScaleZero\n\t}\n\tif d.Canary == ScaleKeep && d.Next.Weight > 0 {",
	},
	"traffic returns to a primary that is not ready": {
		"promote.go", "case !p.serves():", "case p.State == Unknown:",
	},
	"traffic returns to a primary that cannot start": {
		"promote.go", "case p.State == Stuck:", "case p.State == Unknown && p.Serving > 0:",
	},
	"the primary is not held": {
		"next.go", "d.HoldPrimary = holdsPrimary(d)", "d.HoldPrimary = holdsPrimary(d) && d.Next.Weight == 100",
	},
	"traffic stays on a canary that lost its pods": {
		"progress.go", "if t.p.traffic(t.o.Record).reachesUsers() && t.o.Canary.Serving == 0 && t.home() == 0 {", "if t.o.Record.Weight > 100 {",
	},
	"traffic goes home to nobody": {
		"next.go", "if t.o.Primary.Serving > 0 {", "if t.o.Primary.Serving >= 0 {",
	},
	"the template is copied before that is on record": {
		"promote.go", "t.o.Record.Stage = StageRollPrimary\n\treturn t.stay(\"promoting: the primary rolls to the new revision under its share of traffic\")",
		"t.o.Record.Stage = StageRollPrimary\n\treturn t.rollPrimary()",
	},
	"a promoted revision is forgotten": {
		"promote.go", "d.Next.LastPromoted = d.Next.LastApplied", "d.Next.LastPromoted = d.Next.LastPromoted",
	},
	"a failed revision is tried again": {
		"idle.go", "return t.o.Revision != t.o.Record.LastApplied && t.o.Revision != t.runs()", "return t.o.Revision != t.runs()",
	},
	"a failed promotion has no way back": {
		"failed.go", "case t.o.Revision != r.LastApplied && (t.o.Revision == r.LastPromoted || t.o.Revision == t.o.PrimaryRevision):", "case false:",
	},
	"a mended promotion does not go on": {
		"failed.go", "case t.o.Primary.serves():", "case false:",
	},
	"a timer is missing": {
		"progress.go", "d.Message = t.standing(d.Next)\n\treturn t.wakeSoon(d)\n}\n\n// confirmPromotion", "d.Message = t.standing(d.Next)\n\treturn t.wakeAt(d, t.now.Add(1000*t.p.Interval))\n}\n\n// confirmPromotion",
	},
	"a new state waits for an event that never comes": {
		"next.go", "if d.Wake == 0 && d.Next != t.o.Record {", "if d.Wake == 0 && d.Next == t.o.Record && d.Promote != \"\" {",
	},
	"the same is told again and again": {
		"judge.go", "if why != t.o.Record.Failure {", "if why != \"\" {",
	},
	"a suspended release goes on": {
		"next.go", "if t.p.Suspended {\n\t\treturn t.suspended()", "if t.p.Suspended && t.o.Record.Phase != PhaseProgressing {\n\t\treturn t.suspended()",
	},
	"an idle Canary keeps looking": {
		"idle.go", "if t.o.Canary.Desired > 0 {\n\t\td, _ = t.clear(d)", "d = t.wakeSoon(d)\n\tif t.o.Canary.Desired > 0 {\n\t\td, _ = t.clear(d)",
	},
}

// heart is the package with the defects, as seen from here.
const heart = ".."

// stages are runs of the tests that may notice a defect, the quick ones first.
var stages = [][]string{
	{"-test.failfast", "-test.skip=^(TestRandomWorlds|TestOnlyTheStandardLibrary)$"},
	{"-test.run=^TestRandomWorlds$", "-worlds=200"},
}

// TestPlantedDefects makes each mistake in a copy of the package and expects its tests to fail.
func TestPlantedDefects(t *testing.T) {
	sources := read(t)
	for name, d := range planted {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := build(t, d, sources[d.file])
			for _, args := range stages {
				cmd := exec.Command(program, args...)
				cmd.Dir = heart
				out, err := cmd.CombinedOutput()
				switch {
				case err == nil:
					continue
				case !bytes.Contains(out, []byte("--- FAIL: ")):
					t.Fatalf("the tests did not run: %v\n%s", err, out)
				}
				t.Logf("noticed by %s", noticedBy.Find(out))
				return
			}
			t.Error("no test noticed")
		})
	}
}

var noticedBy = regexp.MustCompile(`--- FAIL: \S+`)

// read returns the files of the package by name. It reads the tests as well, so
// that go knows what a cached result of this test depends on.
func read(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(heart, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(content)
	}
	return files
}

// build compiles the tests of the package with a defect in it and returns the program's path.
func build(t *testing.T, d defect, source string) string {
	t.Helper()
	if n := strings.Count(source, d.is); n != 1 {
		t.Fatalf("%s has %d places for this defect, want 1:\n%s", d.file, n, d.is)
	}
	dir := t.TempDir()
	bad, overlay, program := filepath.Join(dir, d.file), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "rollout.test")
	write(t, bad, []byte(strings.Replace(source, d.is, d.becomes, 1)))
	good, err := filepath.Abs(filepath.Join(heart, d.file))
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{good: bad}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, overlay, replace)
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay="+overlay, "-o="+program, ".")
	cmd.Dir = heart
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the defect does not compile: %v\n%s", err, out)
	}
	return program
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
