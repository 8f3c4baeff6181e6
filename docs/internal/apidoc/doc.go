// Command apidoc writes docs/api.md: every field of Linnet's kinds with its
// type, default, limits and description.
//
// It reads nothing but the generated definitions in artifacts/crd, so the page
// says what the API server enforces. How fields work together is told by hand
// in docs/canary-reference.md.
//
// Start reading at page in page.go.
package main

//go:generate go run . -crds ../../../artifacts/crd -out ../../api.md
