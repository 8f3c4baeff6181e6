package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// What a receiver is told where nothing is set.
const (
	defaultChannel  = "general"
	defaultUsername = "flagger"
)

// Receiver is where alerts go.
type Receiver struct {
	// Type is that of an AlertProvider.
	Type string
	// Address is posted to. It may hold a secret.
	Address string
	// Token is sent as a bearer token; empty for none.
	Token string
	// Proxy is used instead of that of the environment; empty for none.
	Proxy string
	// Channel and Username are used where the type has such things.
	Channel, Username string

	name string
}

// receivers returns who is told about the Canary at this severity, and an error
// about those that cannot be.
func (s *Sender) receivers(ctx context.Context, c *flaggerv1.Canary, severity flaggerv1.AlertSeverity) ([]Receiver, error) {
	var all []Receiver
	if len(c.Spec.Analysis.Alerts) == 0 {
		for _, r := range s.Global {
			r.name = "the installation's " + r.Type
			all = append(all, r.withDefaults())
		}
		return all, nil
	}
	var errs []error
	for _, a := range c.Spec.Analysis.Alerts {
		if !reaches(severity, a.Severity) {
			continue
		}
		r, err := s.receiver(ctx, c, a.ProviderRef)
		if err != nil {
			errs = append(errs, fmt.Errorf("alert %q: %w", a.Name, err))
			continue
		}
		all = append(all, r.withDefaults())
	}
	return all, errors.Join(errs...)
}

// receiver reads the AlertProvider that ref names, and its Secret.
func (s *Sender) receiver(ctx context.Context, c *flaggerv1.Canary, ref flaggerv1.CrossNamespaceReference) (Receiver, error) {
	key := client.ObjectKey{Namespace: ref.NamespaceOr(c.Namespace), Name: ref.Name}
	if s.NoCrossNamespaceRefs && key.Namespace != c.Namespace {
		return Receiver{}, fmt.Errorf("AlertProvider %s is in another namespace, which this controller does not allow", key)
	}
	var p flaggerv1.AlertProvider
	err := s.Reader.Get(ctx, key, &p)
	switch {
	case apierrors.IsNotFound(err):
		return Receiver{}, fmt.Errorf("AlertProvider %s does not exist", key)
	case err != nil:
		return Receiver{}, fmt.Errorf("read AlertProvider %s: %w", key, err)
	}
	r := Receiver{
		Type: p.Spec.Type, Address: p.Spec.Address, Proxy: p.Spec.Proxy, Channel: p.Spec.Channel, Username: p.Spec.Username,
		name: fmt.Sprintf("AlertProvider %s (%s)", key, p.Spec.Type),
	}
	if p.Spec.SecretRef == nil {
		return r, nil
	}
	return s.withSecret(ctx, r, client.ObjectKey{Namespace: p.Namespace, Name: p.Spec.SecretRef.Name})
}

// withSecret fills in what the Secret holds. It is read live: its change counts from the next alert on.
func (s *Sender) withSecret(ctx context.Context, r Receiver, key client.ObjectKey) (Receiver, error) {
	var secret corev1.Secret
	err := s.Secrets.Get(ctx, key, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return r, fmt.Errorf("%s: Secret %s does not exist", r.name, key)
	case err != nil:
		return r, fmt.Errorf("%s: read Secret %s: %w", r.name, key, err)
	}
	r.Address = strings.TrimSpace(string(secret.Data["address"]))
	r.Token = strings.TrimSpace(string(secret.Data["token"]))
	if r.Address == "" {
		return r, fmt.Errorf("%s: Secret %s has no key address", r.name, key)
	}
	return r, nil
}

func (r Receiver) withDefaults() Receiver {
	if r.Channel == "" {
		r.Channel = defaultChannel
	}
	if r.Username == "" {
		r.Username = defaultUsername
	}
	return r
}
