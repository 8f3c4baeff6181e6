package apiserver

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

func TestGoodManifestsAreAccepted(t *testing.T) {
	namespace := newNamespace(t)
	for name, m := range manifestsOf(t, "good") {
		t.Run(name, func(t *testing.T) {
			if err := try(t, namespace, m); err != nil {
				t.Errorf("the API server refuses it: %v", err)
			}
		})
	}
}

// Every Canary here is refused with a sentence, by the API server at once; those that are left to
// the controller must pass, see TestWrongCanariesSayWhy.
func TestBadManifestsAreRefusedWithASentence(t *testing.T) {
	namespace := newNamespace(t)
	refused := 0
	for name, m := range manifestsOf(t, "bad") {
		t.Run(name, func(t *testing.T) {
			err := try(t, namespace, m)
			switch {
			case m.byController && err != nil:
				t.Errorf("the API server refuses it: %v; want this left to the controller", err)
			case m.byController:
			case m.wants == "":
				t.Error("its first line says neither what is wanted nor that the controller refuses it")
			case err == nil:
				t.Errorf("the API server accepts it; want %q", m.wants)
			case !strings.Contains(err.Error(), m.wants):
				t.Errorf("the API server says %v; want %q", err, m.wants)
			default:
				refused++
			}
		})
	}
	t.Logf("%d manifests refused at admission, each with its sentence", refused)
	if refused < 30 {
		t.Errorf("%d manifests refused, want at least 30", refused)
	}
}

// try gives the objects of our own kinds to the API server without storing them, and returns the first refusal.
func try(t *testing.T, namespace string, m manifest) error {
	t.Helper()
	for _, o := range m.objects {
		if o.GroupVersionKind().Group != flaggerv1.GroupName {
			continue
		}
		o := o.DeepCopy()
		o.SetNamespace(namespace)
		strict := client.WithFieldValidation(cluster, client.FieldValidation(metav1.FieldValidationStrict))
		if err := strict.Create(t.Context(), o, client.DryRunAll); err != nil {
			return err
		}
	}
	return nil
}

func manifestsOf(t *testing.T, folder string) map[string]manifest {
	t.Helper()
	manifests, err := apiManifests(folder)
	if err != nil {
		t.Fatal(err)
	}
	return manifests
}
