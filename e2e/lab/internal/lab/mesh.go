package lab

import (
	"context"
	"fmt"
	"os"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/build"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/layout"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/mesh"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/prom"
)

// applyMesh installs everything of Istio that needs no running istiod. Pods are scheduled as
// soon as the node takes them.
func (l *Lab) applyMesh(ctx context.Context, client *kube.Client) (mesh.Manifest, error) {
	data, err := os.ReadFile(l.Cache.Path(build.MeshManifest))
	if err != nil {
		return mesh.Manifest{}, fmt.Errorf("read Istio's manifest: %w", err)
	}
	objects, err := kube.Parse(data)
	if err != nil {
		return mesh.Manifest{}, err
	}
	manifest, err := mesh.NewManifest(objects)
	if err != nil {
		return mesh.Manifest{}, err
	}
	services, err := prom.Services()
	if err != nil {
		return mesh.Manifest{}, err
	}
	err = l.report.Step("apply Istio", func() error {
		for _, group := range [][]kube.Object{manifest.Definitions, mesh.Namespaces(), services, manifest.Control} {
			if err := client.Apply(ctx, group...); err != nil {
				return err
			}
		}
		return nil
	})
	return manifest, err
}

// startMesh waits for istiod, and then applies what istiod validates, injects or configures.
func (l *Lab) startMesh(ctx context.Context, client *kube.Client, manifest mesh.Manifest) error {
	if err := l.awaitDeployment(ctx, client, mesh.SystemNamespace, mesh.IstiodName); err != nil {
		return err
	}
	err := l.report.Wait(ctx, progress.Wait{
		For: "the injection webhook to get its certificate", Limit: shortLimit,
		Check: func(ctx context.Context) error { return injectorReady(ctx, client) },
	})
	if err != nil {
		return err
	}
	err = l.report.Step("apply gateway and telemetry", func() error {
		objects := append([]kube.Object{mesh.PublicGateway(), mesh.Telemetry()}, manifest.Gateway...)
		return l.applyRetrying(ctx, client, objects)
	})
	if err != nil {
		return err
	}
	if err := l.applyCheck(ctx, client); err != nil {
		return err
	}
	return l.awaitDeployment(ctx, client, mesh.SystemNamespace, mesh.GatewayName)
}

// applyRetrying tries for a while: istiod's webhooks may be registered before their Service is routed,
// and a namespace may still be on its way out.
func (l *Lab) applyRetrying(ctx context.Context, client *kube.Client, objects []kube.Object) error {
	retry := progress.Wait{For: "the objects to be accepted", Limit: longLimit, Check: func(ctx context.Context) error {
		return client.Apply(ctx, objects...)
	}}
	return retry.Silently(ctx)
}

// injectorReady returns nil when istiod has put its certificate into every webhook.
func injectorReady(ctx context.Context, client *kube.Client) error {
	var config struct {
		Webhooks []struct {
			Name         string
			ClientConfig struct{ CABundle string }
		}
	}
	path := "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/" + mesh.InjectorWebhook
	if err := client.Get(ctx, path, &config); err != nil {
		return err
	}
	for _, webhook := range config.Webhooks {
		if webhook.ClientConfig.CABundle == "" {
			return progress.Pending(webhook.Name + " has no certificate yet")
		}
	}
	return nil
}

// gatewayURL is the ingress gateway's Service.
const gatewayURL = "http://" + layout.GatewayIP
