package apiserver

import (
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

const lease = "linnet-leader-election"

// A leader whose lease goes to somebody else stops by itself, and the release goes on with the next:
// the primary is replaced once.
func TestALostLeaderStopsAndTheNextGoesOn(t *testing.T) {
	t.Parallel()
	namespace, prometheus := newNamespace(t), newPrometheus(t)
	mayLead(t, namespace)
	elected := []string{"--enable-leader-election=true", "--leader-election-namespace=" + namespace}
	first := startLinnet(t, namespace, prometheus, elected...)
	create(t, framework.Podinfo(namespace, "6.0.0"), framework.NewCanary(namespace, framework.Steps(20, 50)))
	awaitPhase(t, namespace, flaggerv1.PhaseInitialized)
	second := startLinnet(t, namespace, prometheus, elected...)

	mark := first.mark()
	ship(t, namespace, "6.0.1")
	await(t, &flaggerv1.CanaryList{}, namespace, framework.App, "at its first step", func(c *flaggerv1.Canary) bool { return c.Status.CanaryWeight == 20 })
	held := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: lease}}
	update(t, held, func(l *coordinationv1.Lease) {
		l.Spec.HolderIdentity, l.Spec.RenewTime = new("somebody"), &metav1.MicroTime{Time: time.Now()}
	})
	awaitEnd(t, first)
	awaitPhase(t, namespace, flaggerv1.PhaseSucceeded)
	awaitImage(t, namespace, "podinfo-primary", "6.0.1")
	checkOneRoll(t, slices.Concat(first.since(mark), second.since(0)))
}

// mayLead grants what the leader-election role grants in the controller's own namespace.
func mayLead(t *testing.T, namespace string) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: lease}
	leases := []rbacv1.PolicyRule{{
		APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"create", "get", "update", "patch"},
	}}
	to := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: "istio-system", Name: "linnet"}
	role := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: lease}
	create(t, &rbacv1.Role{ObjectMeta: meta, Rules: leases}, &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: []rbacv1.Subject{to}, RoleRef: role})
}

// awaitEnd waits until a controller has ended by itself.
func awaitEnd(t *testing.T, l *linnet) {
	t.Helper()
	patient := time.NewTimer(*patience)
	defer patient.Stop()
	select {
	case <-l.done:
	case <-patient.C:
		t.Fatal("the controller goes on without its lease")
	}
}
