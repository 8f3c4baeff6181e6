package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
	"github.com/linnet-delivery/linnet/e2e/lab/internal/progress"
)

// awaitDeployment waits until a Deployment has an available pod. A failure ends with the states
// of its namespace's pods and the last log lines of those that are not ready.
func (l *Lab) awaitDeployment(ctx context.Context, client *kube.Client, namespace, name string) error {
	err := l.report.Wait(ctx, progress.Wait{
		For: name + " to be ready", Limit: longLimit,
		Check: func(ctx context.Context) error {
			var deployment struct {
				Status struct{ AvailableReplicas int }
			}
			path := fmt.Sprintf("/apis/apps/v1/namespaces/%s/deployments/%s", namespace, name)
			if err := client.Get(ctx, path, &deployment); err != nil {
				return err
			}
			if deployment.Status.AvailableReplicas == 0 {
				return progress.Pending("no pod is available yet")
			}
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, describePods(ctx, client, namespace))
	}
	return nil
}

type pod struct {
	Metadata struct{ Name string }
	Status   struct {
		Phase                 string
		ContainerStatuses     []containerStatus
		InitContainerStatuses []containerStatus
	}
}

type containerStatus struct {
	Name  string
	Ready bool
	State struct {
		Waiting    *struct{ Reason, Message string }
		Terminated *struct{ Reason, Message string }
	}
}

// describePods returns what a person would look at first when pods don't come up.
func describePods(ctx context.Context, client *kube.Client, namespace string) string {
	var list struct{ Items []pod }
	if err := client.Get(ctx, "/api/v1/namespaces/"+namespace+"/pods", &list); err != nil {
		return fmt.Sprintf("  list pods of %s: %v", namespace, err)
	}
	if len(list.Items) == 0 {
		return fmt.Sprintf("  namespace %s has no pods", namespace)
	}
	var out strings.Builder
	for _, pod := range list.Items {
		fmt.Fprintf(&out, "  pod %s is %s\n", pod.Metadata.Name, pod.Status.Phase)
		for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if !container.Ready {
				out.WriteString(container.describe(ctx, client, namespace, pod.Metadata.Name))
			}
		}
	}
	return strings.TrimRight(out.String(), "\n")
}

func (c containerStatus) describe(ctx context.Context, client *kube.Client, namespace, pod string) string {
	state := "runs, but is not ready"
	switch {
	case c.State.Waiting != nil:
		state = "waits: " + c.State.Waiting.Reason + " " + c.State.Waiting.Message
	case c.State.Terminated != nil:
		state = "has ended: " + c.State.Terminated.Reason + " " + c.State.Terminated.Message
	}
	text := fmt.Sprintf("  container %s %s\n", c.Name, strings.TrimSpace(state))
	path := fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/log?container=%s&tailLines=12", namespace, pod, c.Name)
	if log, err := client.Text(ctx, path); err == nil && log != "" {
		text += progress.Indent(strings.TrimRight(log, "\n")) + "\n"
	}
	return text
}
