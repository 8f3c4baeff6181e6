package e2e

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func freshly(c *framework.LoadConfig) { c.Fresh = true }

// Without a mesh all traffic moves at once, by the apex Service.
func TestPlainServicesReleaseByBlueGreen(t *testing.T) {
	for name, e := range map[string]ending{
		"plain":     {"6.0.1", flaggerv1.PhaseSucceeded},
		"plain-bad": {"6.0.9-unready", flaggerv1.PhaseFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy(framework.WithoutSidecar)
			a.declare(iterations(2), func(c *flaggerv1.Canary) {
				deadline := int32(30)
				c.Spec.Provider, c.Spec.Analysis.Metrics, c.Spec.ProgressDeadlineSeconds = "kubernetes", nil, &deadline
				c.Spec.Service.Gateways, c.Spec.Service.Hosts = nil, nil
			})
			address, err := cluster.ServiceAddress(a.Context(), a.namespace)
			a.must(err)
			a.load = a.callers(*rate/2, freshly, func(c *framework.LoadConfig) { c.Address = address })
			a.rest(2 * time.Second)
			shipped := a.ship(e.version)
			end := a.untilEnded(shipped, e)
			a.rest(3 * time.Second)
			tally := a.lostNothing()
			for _, r := range tally.Between(end.At, time.Time{}).Responders() {
				if r != (framework.Responder{Side: framework.Primary, Version: e.serves()}) {
					a.Errorf("after the release %s answered, want %s on the primary alone", r, e.serves())
				}
			}
		})
	}
}

// Connections of an application that does not speak HTTP are shared out as they are opened.
func TestTCPConnectionsAreSharedOut(t *testing.T) {
	for name, e := range map[string]ending{
		"tcp":     {"6.0.1", flaggerv1.PhaseSucceeded},
		"tcp-bad": {"6.0.9-crash", flaggerv1.PhaseFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.deploy(framework.WithoutGrace)
			port := framework.TCPGatewayPort(name)
			gateway := framework.TCPGateway(a.namespace, port)
			a.create(gateway)
			a.declare(framework.Steps(50), func(c *flaggerv1.Canary) {
				c.Spec.Service.AppProtocol, c.Spec.Service.Headers, c.Spec.Service.Retries = "tcp", nil, nil
				c.Spec.Service.Gateways, c.Spec.Service.Hosts = []string{a.namespace + "/" + gateway.Name}, []string{"*"}
				c.Spec.Service.Match = []flaggerv1.HTTPMatchRequest{{Port: int32(port)}}
				c.Spec.Analysis.Metrics = nil
			})
			address, err := cluster.GatewayPodAddress(a.Context(), port)
			a.must(err)
			a.rest(3 * time.Second) // until the gateway listens
			a.load = a.callers(*rate/2, freshly, func(c *framework.LoadConfig) { c.Address = address })
			a.rest(2 * time.Second)
			shipped := a.ship(e.version)
			a.untilEnded(shipped, e)
			a.rest(3 * time.Second)
			tally := a.lostNothing()
			if got := tally.All().Side(framework.Canary).Requests; (got == 0) != e.fails() {
				a.Errorf("the canary had %d connections", got)
			}
		})
	}
}

func TestADaemonSetIsPromotedAndRolledBack(t *testing.T) {
	for name, e := range map[string]ending{
		"daemon":     {"6.0.1", flaggerv1.PhaseSucceeded},
		"daemon-bad": {"6.0.9-errors", flaggerv1.PhaseFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, name)
			a.create(framework.PodinfoDaemonSet(a.namespace, "6.0.0"))
			declared := time.Now()
			a.create(framework.NewCanary(a.namespace, onlySuccess, func(c *flaggerv1.Canary) { c.Spec.TargetRef.Kind = "DaemonSet" }))
			a.until(toStart, declared, "the Canary to be initialised", framework.InPhase(flaggerv1.PhaseInitialized))
			a.offer(*rate / 2)
			a.rest(3 * time.Second)
			shipped := time.Now()
			a.must(cluster.ShipDaemonSet(a.Context(), a.namespace, e.version))
			a.until(toEnd, shipped, "the end of the release", func(v framework.View) bool {
				return v.At.After(shipped) && v.Phase() == e.phase
			})
			a.rest(3 * time.Second)
			tally := a.load.Stop()
			a.onlyOn(tally, framework.VersionOf(framework.Image(e.version)), e.fails())
			if w := tally.All().Side(framework.Canary); w.Requests == 0 {
				a.Error("the canary answered nobody")
			}
			primary := &appsv1.DaemonSet{}
			primary.Namespace, primary.Name = a.namespace, framework.App+"-primary"
			a.must(cluster.Read(a.Context(), primary))
			if got := primary.Spec.Template.Spec.Containers[0].Image; got != framework.Image(e.serves()) {
				a.Errorf("the primary has %s, want %s", got, framework.Image(e.serves()))
			}
		})
	}
}
