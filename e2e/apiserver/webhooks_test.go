package apiserver

import (
	"context"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// hooked makes the Canary call a receiver at /TYPE for each type of webhook.
func hooked(r *receiver, types ...flaggerv1.HookType) func(*flaggerv1.Canary) {
	return func(c *flaggerv1.Canary) {
		c.Spec.Analysis.Metrics = nil
		for _, hook := range types {
			c.Spec.Analysis.Webhooks = append(c.Spec.Analysis.Webhooks, flaggerv1.CanaryWebhook{
				Name: string(hook), Type: hook, URL: r.url + "/" + string(hook), Metadata: map[string]string{"team": "shop"},
			})
		}
	}
}

// Every type of webhook has its place in a release. Gates hold it as long as they say no, and the
// status says where traffic is meanwhile.
func TestEveryWebhookHasItsPlace(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	r := newReceiver(t, "/confirm-rollout", "/confirm-promotion", "/rollback")
	l := startLinnet(t, namespace, newPrometheus(t), "--cloudevents-sink="+r.url+"/cloudevents", "--event-webhook="+r.url+"/unused")
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(50), hooked(r,
		flaggerv1.HookConfirmRollout, flaggerv1.HookPreRollout, flaggerv1.HookRollout, flaggerv1.HookConfirmTrafficIncrease,
		flaggerv1.HookConfirmPromotion, flaggerv1.HookRollback, flaggerv1.HookPostRollout, flaggerv1.HookEvent)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)

	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseWaiting)
	if size := target(t, namespace); size != 0 {
		t.Errorf("%d pods of a revision that waits for approval", size)
	}
	r.open("/confirm-rollout")
	c := awaitPhase(t, namespace, flaggerv1.PhaseWaitingPromotion)
	if c.Status.CanaryWeight != 50 {
		t.Errorf("the status says %d %% while the promotion waits, want 50", c.Status.CanaryWeight)
	}
	r.open("/confirm-promotion")
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)

	l.await(t, "the post-rollout webhook", func(context.Context) bool { return len(r.to("/post-rollout")) > 0 })
	l.await(t, "the last event", func(context.Context) bool { return len(r.to("/cloudevents")) >= len(r.to("/event")) })
	for path, phase := range map[string]string{"/pre-rollout": "Progressing", "/rollout": "Progressing", "/confirm-traffic-increase": "Progressing", "/post-rollout": "Succeeded"} {
		got := r.to(path)
		if len(got) == 0 {
			t.Errorf("%s was not called", path)
			continue
		}
		checkPayload(t, got[0], namespace, phase)
	}
	if n := len(r.to("/pre-rollout")); n != 1 {
		t.Errorf("the pre-rollout webhook was called %d times, want once", n)
	}
	if n := len(r.to("/unused")); n > 0 {
		t.Errorf("%d events to the installation's receiver, which a Canary's own one stands in for", n)
	}
	checkEvents(t, r)
}

func target(t *testing.T, namespace string) int32 {
	t.Helper()
	return *awaitImage(t, namespace, framework.App, "6.0.1").Spec.Replicas
}

func checkPayload(t *testing.T, p post, namespace, phase string) {
	t.Helper()
	metadata, _ := p.body["metadata"].(map[string]any)
	if p.header.Get("Content-Type") != "application/json" || p.body["name"] != framework.App || p.body["namespace"] != namespace ||
		p.body["phase"] != phase || p.body["checksum"] == "" || metadata["team"] != "shop" {
		t.Errorf("%s was sent %s: %v", p.path, p.header, p.body)
	}
}

func checkEvents(t *testing.T, r *receiver) {
	t.Helper()
	var told []any
	for _, p := range r.to("/event") {
		metadata, _ := p.body["metadata"].(map[string]any)
		told = append(told, metadata["eventMessage"])
		if metadata["eventMessage"] == "" || metadata["timestamp"] == "" || metadata["team"] != "shop" || !slices.Contains([]any{"Normal", "Warning"}, metadata["eventType"]) {
			t.Errorf("an event was sent as %v", p.body)
		}
	}
	if len(told) < 5 {
		t.Errorf("told are %q, want every event of a release", told)
	}
	if p := r.to("/cloudevents")[0]; p.header.Get("Ce-Specversion") != "1.0" || p.header.Get("Ce-Type") == "" || p.body["message"] == "" {
		t.Errorf("a CloudEvent has the attributes %v: %v", p.header, p.body)
	}
}

// The rollback webhook ends a release that waits for approval.
func TestARollbackWebhookIsAskedWhileARevisionWaits(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	r := newReceiver(t, "/confirm-rollout", "/rollback")
	startLinnet(t, namespace, newPrometheus(t))
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(50), hooked(r,
		flaggerv1.HookConfirmRollout, flaggerv1.HookRollback)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	ship(t, namespace, "6.0.1")
	awaitPhase(t, namespace, flaggerv1.PhaseWaiting)
	r.open("/rollback")
	awaitPhase(t, namespace, flaggerv1.PhaseFailed)
}

// Alerts go to the Canary's providers, whose addresses are in Secrets.
func TestAlertsReachTheirProvider(t *testing.T) {
	t.Parallel()
	namespace, r := newNamespace(t), newReceiver(t)
	l := startLinnet(t, namespace, newPrometheus(t), "--slack-url="+r.url+"/unused", "--cluster-name=lab")
	address := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "slack"}, Data: map[string][]byte{"address": []byte(r.url + "/slack")},
	}
	slack := &flaggerv1.AlertProvider{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "slack"},
		Spec:       flaggerv1.AlertProviderSpec{Type: "slack", SecretRef: &flaggerv1.LocalObjectReference{Name: "slack"}},
	}
	create(t, address, slack, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, func(c *flaggerv1.Canary) {
		c.Spec.SkipAnalysis = true
		c.Spec.Analysis.Alerts = []flaggerv1.CanaryAlert{{Name: "on slack", ProviderRef: flaggerv1.CrossNamespaceReference{Name: "slack"}}}
	}))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	l.await(t, "the alert", func(context.Context) bool { return len(r.to("/slack")) > 0 })
	if got := r.to("/slack")[0]; got.body["attachments"] == nil || got.body["username"] == "" {
		t.Errorf("Slack was sent %v", got.body)
	}
	if n := len(r.to("/unused")); n > 0 {
		t.Errorf("%d alerts to the installation's room of a Canary that has its own", n)
	}
}
