package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/mesh"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/prom"
)

func (l *Lab) applyCheck(ctx context.Context, client *kube.Client) error {
	application, err := mesh.CheckApplication()
	if err != nil {
		return err
	}
	if err := l.removeCheck(ctx, client); err != nil {
		return err
	}
	return l.report.Step("apply an application to check the mesh with", func() error {
		return l.applyRetrying(ctx, client, application)
	})
}

const checkPath = "/api/v1/namespaces/" + mesh.CheckNamespace

// removeCheck waits until nothing is left of an earlier application: what is applied into a
// namespace on its way out goes with it.
func (l *Lab) removeCheck(ctx context.Context, client *kube.Client) error {
	err := client.Get(ctx, checkPath, nil)
	if kube.IsNotFound(err) {
		return nil
	}
	if err := client.Delete(ctx, checkPath); err != nil {
		return err
	}
	return l.report.Wait(ctx, progress.Wait{
		For: "the last check's application to be gone", Limit: longLimit,
		Check: func(ctx context.Context) error {
			err := client.Get(ctx, checkPath, nil)
			if kube.IsNotFound(err) {
				return nil
			}
			if err == nil {
				err = progress.Pending("namespace " + mesh.CheckNamespace + " is still there")
			}
			return err
		},
	})
}

// checkMesh sends requests to the application until one gets through gateway and sidecar,
// and waits until Prometheus has counted it. Then the application is removed.
func (l *Lab) checkMesh(ctx context.Context, client *kube.Client) error {
	if err := l.awaitDeployment(ctx, client, mesh.CheckNamespace, "podinfo"); err != nil {
		return err
	}
	err := l.report.Wait(ctx, progress.Wait{
		For: "a request through the mesh to be answered", Limit: longLimit,
		Check: func(ctx context.Context) error { return l.request(ctx, gatewayURL, mesh.CheckHost) },
	})
	if err != nil {
		return err
	}
	err = l.await(ctx, prom.Component, "Prometheus to have counted it", shortLimit, func(ctx context.Context) error {
		count, err := prom.Value(ctx, l.browser(), mesh.CheckQuery)
		if err == nil && count == 0 {
			err = progress.Pending("no request counted yet")
		}
		return err
	})
	if err != nil {
		return err
	}
	return client.Delete(ctx, checkPath)
}

// request returns nil when a GET for host at url answers 200.
func (l *Lab) request(ctx context.Context, url, host string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("build request for %s: %w", url, err)
	}
	request.Host = host
	answer, err := l.browser().Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return progress.Pending(fmt.Sprintf("the gateway answers %s", answer.Status))
	}
	return nil
}
