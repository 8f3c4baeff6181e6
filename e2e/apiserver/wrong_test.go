package apiserver

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/linnet-delivery/linnet/e2e/framework"
	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// wrong is a Canary that the API server accepts and the controller cannot serve.
type wrong struct {
	// manifest is a file of the API package's testdata. Without one it is framework.NewCanary with edit.
	manifest string
	edit     func(*flaggerv1.Canary)
	// canary is the name of the Canary in question, framework.App when empty.
	canary string
	// world makes what is there before. Without it that is the application.
	world func(t *testing.T, namespace string)
	// says is part of the Stalled condition's message.
	says string
	// correct puts right what is wrong. Without it the spec is replaced by a good one.
	correct func(t *testing.T, namespace string)
}

// Each says in its Stalled condition what is wrong, in one sentence. When it is put right the Canary
// goes on by itself: by then nothing is under way any more that might look at it by chance.
func TestWrongCanariesSayWhyAndRecover(t *testing.T) {
	removeKEDA(t)
	l := startLinnet(t, "", newPrometheus(t))
	namespaces := map[string]string{}
	for name := range allWrong() {
		namespaces[name] = newNamespace(t)
	}
	t.Run("say why", func(t *testing.T) {
		for name, w := range allWrong() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.saysWhy(t, namespaces[name])
			})
		}
	})
	l.settle(t, 0)
	t.Run("recover", func(t *testing.T) {
		for name, w := range allWrong() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w.recovers(t, namespaces[name])
			})
		}
	})
}

// Thirty wrong Canaries and more, none of which the API server refuses.
func TestThereAreThirtyWrongCanaries(t *testing.T) {
	if n := len(allWrong()); n < 30 {
		t.Errorf("%d wrong Canaries, want at least 30", n)
	}
	for name, m := range manifestsOf(t, "bad") {
		if m.byController && !slices.ContainsFunc(slices.Collect(maps.Values(allWrong())), func(w wrong) bool { return w.manifest == name }) {
			t.Errorf("%s is left to the controller and not among the wrong Canaries", name)
		}
	}
}

func allWrong() map[string]wrong {
	all := maps.Clone(wrongSpecs)
	maps.Copy(all, wrongWorlds)
	return all
}

func (w wrong) saysWhy(t *testing.T, namespace string) {
	if w.world == nil {
		w.world = plainApplication
	}
	w.world(t, namespace)
	create(t, w.objects(t, namespace)...)
	c := await(t, &flaggerv1.CanaryList{}, namespace, w.name(), "stalled by "+w.says, func(c *flaggerv1.Canary) bool {
		return isStalled(c) && strings.Contains(c.Status.Message, w.says)
	})
	checkSentence(t, c)
}

func (w wrong) recovers(t *testing.T, namespace string) {
	if w.correct == nil {
		w.correct = goodSpec
	}
	w.correct(t, namespace)
	await(t, &flaggerv1.CanaryList{}, namespace, w.name(), "initialised after the correction", func(c *flaggerv1.Canary) bool {
		return !isStalled(c) && c.Status.Phase == flaggerv1.PhaseInitialized
	})
}

func (w wrong) name() string { return cmp.Or(w.canary, framework.App) }

// objects returns what the test creates, the Canary last.
func (w wrong) objects(t *testing.T, namespace string) []client.Object {
	t.Helper()
	if w.manifest == "" {
		edit := w.edit
		if edit == nil {
			edit = func(*flaggerv1.Canary) {}
		}
		return []client.Object{framework.NewCanary(namespace, edit)}
	}
	m, found := manifestsOf(t, "bad")[w.manifest]
	if !found {
		t.Fatalf("there is no manifest %s", w.manifest)
	}
	var objects []client.Object
	for _, o := range m.objects {
		o.SetNamespace(namespace)
		objects = append(objects, o)
	}
	return objects
}

func isStalled(c *flaggerv1.Canary) bool {
	stalled := meta.FindStatusCondition(c.Status.Conditions, flaggerv1.ConditionStalled)
	return stalled != nil && stalled.Status == metav1.ConditionTrue && stalled.ObservedGeneration == c.Generation
}

// checkSentence checks what a person reads: kubectl describe shows the condition, kubectl get the other fields.
func checkSentence(t *testing.T, c *flaggerv1.Canary) {
	t.Helper()
	stalled := meta.FindStatusCondition(c.Status.Conditions, flaggerv1.ConditionStalled)
	t.Logf("%s: %s", stalled.Reason, stalled.Message)
	switch {
	case stalled.Message != c.Status.Message:
		t.Errorf("the condition says %q, the status %q", stalled.Message, c.Status.Message)
	case strings.Contains(stalled.Message, "\n"), len([]rune(stalled.Message)) > 256:
		t.Errorf("no single sentence: %q", stalled.Message)
	case meta.IsStatusConditionTrue(c.Status.Conditions, flaggerv1.ConditionReady):
		t.Error("stalled and ready at the same time")
	case meta.IsStatusConditionTrue(c.Status.Conditions, flaggerv1.ConditionReconciling):
		t.Error("stalled and reconciling at the same time")
	}
}

func plainApplication(t *testing.T, namespace string) {
	t.Helper()
	create(t, framework.Podinfo(namespace, "6.0.0"))
}

func goodSpec(t *testing.T, namespace string) {
	t.Helper()
	c := &flaggerv1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: framework.App}}
	update(t, c, func(c *flaggerv1.Canary) { c.Spec = framework.NewCanary(namespace).Spec })
}

// makes returns a correction that creates something.
func makes(build func(namespace string) client.Object) func(*testing.T, string) {
	return func(t *testing.T, namespace string) {
		t.Helper()
		create(t, build(namespace))
	}
}

// removes returns a correction that deletes something.
func removes(o client.Object) func(*testing.T, string) {
	return func(t *testing.T, namespace string) {
		t.Helper()
		gone := o.DeepCopyObject().(client.Object)
		gone.SetNamespace(namespace)
		if err := cluster.Delete(t.Context(), gone); err != nil {
			t.Fatalf("delete %T %s: %v", gone, gone.GetName(), err)
		}
	}
}
