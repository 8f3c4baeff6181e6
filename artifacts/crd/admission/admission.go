package admission

import (
	"context"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
)

// Kind admits or refuses objects of the one kind that a CRD declares.
type Kind struct {
	crd    *apiextensions.CustomResourceDefinition
	schema *structuralschema.Structural
	shape  validation.SchemaCreateValidator
	rules  *cel.Validator
}

// NewKind reads a CRD from YAML. The error is that of a schema an API server
// could not use at all; Check finds the subtler faults.
func NewKind(manifest []byte) (*Kind, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	obj, _, err := serializer.NewCodecFactory(scheme).UniversalDecoder(apiextensions.SchemeGroupVersion).Decode(manifest, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("decode CRD: %w", err)
	}
	crd, ok := obj.(*apiextensions.CustomResourceDefinition)
	if !ok {
		return nil, fmt.Errorf("decode CRD: got %T", obj)
	}
	return newKind(crd)
}

func newKind(crd *apiextensions.CustomResourceDefinition) (*Kind, error) {
	schema := crd.Spec.Validation
	if schema == nil {
		schema = crd.Spec.Versions[0].Schema
	}
	structural, err := structuralschema.NewStructural(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("read structural schema of %s: %w", crd.Name, err)
	}
	shape, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		return nil, fmt.Errorf("compile schema of %s: %w", crd.Name, err)
	}
	return &Kind{
		crd:    crd,
		schema: structural,
		shape:  shape,
		rules:  cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}, nil
}

// Name returns the kind, such as Canary.
func (k *Kind) Name() string { return k.crd.Spec.Names.Kind }

// Check returns why an API server would refuse the CRD itself: among others, a
// rule that does not compile or that could cost too much.
func (k *Kind) Check(ctx context.Context) error {
	crd := k.crd.DeepCopy()
	crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
	return crdvalidation.ValidateCustomResourceDefinition(ctx, crd).ToAggregate()
}

// Admit returns why an API server would refuse to create obj, which it changes
// as the server would: defaults are set. Fields unknown to the schema are
// refused, as kubectl asks for.
func (k *Kind) Admit(ctx context.Context, obj map[string]any) error {
	unknown := pruning.PruneWithOptions(obj, k.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return fmt.Errorf("unknown fields %v", unknown)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, k.schema)
	defaulting.Default(obj, k.schema)

	faults := validation.ValidateCustomResource(nil, obj, k.shape)
	faults = append(faults, listtype.ValidateListSetsAndMaps(nil, k.schema, obj)...)
	if !blocking(faults) {
		byRule, _ := k.rules.Validate(ctx, nil, k.schema, obj, nil, celconfig.RuntimeCELCostBudget)
		faults = append(faults, byRule...)
	}
	return faults.ToAggregate()
}

// blocking tells whether a fault keeps the server from looking at the rules.
func blocking(faults field.ErrorList) bool {
	for _, f := range faults {
		switch f.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
			field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}
