package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// tested asks the load tester for what the field's examples ask for: an acceptance test before
// the first request of a user, and load on the canary while it is judged.
func tested(c *flaggerv1.Canary) {
	canary := fmt.Sprintf("http://podinfo-canary.%s:9898", c.Namespace)
	c.Spec.Analysis.Webhooks = []flaggerv1.CanaryWebhook{
		framework.Hook(c.Namespace, flaggerv1.HookPreRollout, "/", map[string]string{
			"type": "bash", "cmd": "curl -sd 'test' " + canary + "/token | grep token",
		}),
		framework.Hook(c.Namespace, flaggerv1.HookRollout, "/", map[string]string{
			"type": "cmd", "cmd": "hey -z 2m -q 20 -c 2 " + canary + "/api/info", "logCmdOutput": "true",
		}),
	}
}

// serve starts a load tester and waits until it answers.
func (a *app) serve() {
	a.Helper()
	objects := framework.NewLoadTester(a.namespace)
	a.create(objects...)
	ctx, cancel := context.WithTimeout(a.Context(), toStart)
	defer cancel()
	a.must(cluster.AwaitDeployment(ctx, a.namespace, framework.LoadTester))
}

// Nobody calls the canary but the load tester until it has passed its trial.
func TestTheLoadTesterTriesACanaryThatNoUserMeets(t *testing.T) {
	t.Parallel()
	a := newApp(t, "tested")
	a.deploy(framework.WithoutGrace)
	a.serve()
	a.declare(iterations(2), onlySuccess, tested)
	a.offer(*rate / 2)
	a.rest(3 * time.Second)
	shipped := a.ship("6.0.1")
	a.until(toEnd, shipped, "all traffic on the canary", framework.CanaryAt(100))
	for _, check := range a.release.Last().Canary.Status.Checks {
		if check.Name == flaggerv1.MetricRequestSuccessRate && check.Verdict != "Pass" {
			a.Errorf("the load test was judged %s: %s", check.Verdict, check.Message)
		}
	}
	a.untilPromoted(shipped, "6.0.1") // although the load test goes on
	a.rest(3 * time.Second)
	a.lostNothing()
}

func TestAnAcceptanceTestKeepsABadVersionFromUsers(t *testing.T) {
	t.Parallel()
	a := newApp(t, "refused")
	a.deploy()
	a.serve()
	a.declare(onlySuccess, framework.Threshold(1), tested, func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Webhooks[0].Metadata["cmd"] = strings.Replace(c.Spec.Analysis.Webhooks[0].Metadata["cmd"], "grep token", "grep wonder", 1)
	})
	a.offer(*rate / 4)
	a.rest(3 * time.Second)
	shipped := a.ship("6.0.1")
	failed := a.until(toEnd, shipped, "the rollback", framework.InPhase(flaggerv1.PhaseFailed))
	a.until(toEnd, failed.At, "the canary to be stopped", framework.Stopped)
	tally := a.lostNothing()
	if w := tally.All().Version("6.0.1"); w.Requests != 0 {
		a.Errorf("%d users met the version that was refused", w.Requests)
	}
	a.explains(failed, shipped, "wonder")
}
