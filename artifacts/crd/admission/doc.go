// Package admission decides, as an API server does but without one, whether a
// manifest may be created under the CRDs of the folder above: it decodes,
// defaults, validates the schema and runs the CEL rules.
//
// It is a module of its own because that code belongs to the API server, whose
// dependencies are not for the product. Its tests read the manifests in
// pkg/apis/flagger/v1beta1/testdata, which the end-to-end tests give to a real
// API server.
//
// Run it with -count=1: go test does not notice changes of files outside a module.
package admission
