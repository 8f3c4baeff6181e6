package traffic

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// Remember stores spec, the spec of obj from before it was adopted, in an
// annotation of obj. What is stored already is never overwritten: after the
// first time, spec would hold our own routes.
func Remember(obj client.Object, spec any) error {
	if _, stored := obj.GetAnnotations()[flaggerv1.OriginalConfigurationAnnotation]; stored {
		return nil
	}
	raw, err := json.Marshal(spec)
	if err != nil {
		return fmt.Errorf("encode original spec: %w", err)
	}
	obj.SetAnnotations(with(obj.GetAnnotations(), map[string]string{
		flaggerv1.OriginalConfigurationAnnotation: string(raw),
	}))
	return nil
}

// Recall decodes the spec from before obj was adopted into spec and reports
// whether there is one. Where Remember has not run, say because another
// controller adopted obj, the spec that kubectl apply noted last stands in.
func Recall(obj client.Object, spec any) (bool, error) {
	annotations := obj.GetAnnotations()
	if raw, stored := annotations[flaggerv1.OriginalConfigurationAnnotation]; stored {
		return true, decode(raw, spec)
	}
	var applied struct {
		Spec json.RawMessage `json:"spec"`
	}
	raw, noted := annotations[corev1.LastAppliedConfigAnnotation]
	if !noted {
		return false, nil
	}
	if err := decode(raw, &applied); err != nil {
		return false, err
	}
	if len(applied.Spec) == 0 {
		return false, nil
	}
	return true, decode(string(applied.Spec), spec)
}

// Forget removes what Remember stored.
func Forget(obj client.Object) {
	annotations := obj.GetAnnotations()
	delete(annotations, flaggerv1.OriginalConfigurationAnnotation)
	obj.SetAnnotations(annotations)
}

func decode(raw string, into any) error {
	if err := json.Unmarshal([]byte(raw), into); err != nil {
		return fmt.Errorf("decode original spec: %w", err)
	}
	return nil
}
