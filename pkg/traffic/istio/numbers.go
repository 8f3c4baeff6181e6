package istio

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	networkingv1 "istio.io/client-go/pkg/apis/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// numbers is a client that writes DestinationRules as their CRD wants them.
// Protobuf's JSON spells integers of 64 bits as strings, which the schema
// refuses where it says integer: minimumRingSize and tableSize.
type numbers struct {
	client.Client
}

// Create sends obj with its 64-bit integers as numbers.
func (n numbers) Create(ctx context.Context, obj client.Object, opts ...client.CreateOption) error {
	spelled, err := withNumbers(obj)
	if err != nil {
		return err
	}
	return n.Client.Create(ctx, spelled, opts...)
}

// Update sends obj with its 64-bit integers as numbers.
func (n numbers) Update(ctx context.Context, obj client.Object, opts ...client.UpdateOption) error {
	spelled, err := withNumbers(obj)
	if err != nil {
		return err
	}
	return n.Client.Update(ctx, spelled, opts...)
}

func withNumbers(obj client.Object) (client.Object, error) {
	dr, ok := obj.(*networkingv1.DestinationRule)
	if !ok {
		return obj, nil
	}
	raw, err := json.Marshal(dr)
	if err != nil {
		return nil, fmt.Errorf("encode DestinationRule: %w", err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(raw, &u.Object); err != nil {
		return nil, fmt.Errorf("decode DestinationRule: %w", err)
	}
	u.SetGroupVersionKind(networkingv1.SchemeGroupVersion.WithKind("DestinationRule"))
	if err := unquote(u.Object["spec"]); err != nil {
		return nil, err
	}
	return u, nil
}

// unquote turns the strings of the two fields into numbers, at any depth: subsets
// and ports have policies of their own.
func unquote(node any) error {
	switch node := node.(type) {
	case []any:
		for i := range node {
			if err := unquote(node[i]); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, child := range node {
			if err := unquoteField(node, key, child); err != nil {
				return err
			}
		}
	}
	return nil
}

func unquoteField(parent map[string]any, key string, value any) error {
	text, quoted := value.(string)
	if !quoted || key != "minimumRingSize" && key != "tableSize" {
		return unquote(value)
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	parent[key] = number
	return nil
}
