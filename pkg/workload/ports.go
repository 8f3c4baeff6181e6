package workload

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
)

// discoveredPorts returns the container ports beyond the Service's own, each with a name.
func discoveredPorts(c *flaggerv1.Canary, spec corev1.PodSpec) []corev1.ContainerPort {
	if !c.Spec.Service.PortDiscovery {
		return nil
	}
	var ports []corev1.ContainerPort
	for _, container := range spec.Containers {
		if container.Name == "istio-proxy" || container.Name == "envoy" {
			continue
		}
		for i, port := range container.Ports {
			if isServicePort(c.Spec.Service, port) {
				continue
			}
			if port.Name == "" {
				port.Name = fmt.Sprintf("tcp-%s-%d", container.Name, i)
			}
			ports = append(ports, port)
		}
	}
	return ports
}

func isServicePort(service flaggerv1.CanaryService, port corev1.ContainerPort) bool {
	to := service.TargetPort
	if to == nil || to.String() == "0" || to.String() == "" {
		return port.ContainerPort == service.Port
	}
	return to.String() == port.Name || to.String() == fmt.Sprint(port.ContainerPort)
}
