// Package v1beta1 is Linnet's API: Canary, MetricTemplate and AlertProvider in
// the group flagger.app. The kinds, fields and defaults are those of Flagger's
// v1beta1, so that its manifests apply unchanged; the fields that Linnet adds
// are optional.
//
// The package holds types, their documentation and the rules by which the API
// server refuses nonsense (CEL, in markers). It decides nothing: defaults that
// are not in the schema are applied where a Canary becomes a rollout policy.
//
// Start reading at Canary. After an edit, run
//
//	go generate ./pkg/apis/...
//
// which writes the deep copies here and the CRDs in artifacts/crd.
//
// +kubebuilder:object:generate=true
// +groupName=flagger.app
package v1beta1

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.23.0 object crd:allowDangerousTypes=true paths=. output:crd:dir=../../../../artifacts/crd
