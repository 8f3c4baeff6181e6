package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
)

// digestBytes is how much of a SHA-256 identifies a revision or a content: 16 hex digits.
const digestBytes = 8

// revision identifies a pod template together with the configuration it refers to, given as
// checksums by name. It is the same whether or not the API server has filled in its defaults, and
// does not depend on the Go types of a library version: what is hashed is JSON with sorted keys.
func revision(t *corev1.PodTemplateSpec, configs map[string]string) (string, error) {
	tree, err := canonical(t)
	if err != nil {
		return "", err
	}
	whole := map[string]any{"template": tree}
	if len(configs) > 0 {
		whole["configs"] = configs
	}
	return digest(whole)
}

// canonical returns the template as a JSON tree without anything that the API server would fill in.
func canonical(t *corev1.PodTemplateSpec) (map[string]any, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	dropNulls(tree)
	dropDefaults(tree, serverDefaults)
	return tree, nil
}

// digest returns 16 hex digits of the SHA-256 over the JSON of v.
func digest(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:digestBytes]), nil
}
