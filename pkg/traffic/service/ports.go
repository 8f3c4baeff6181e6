package service

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	flaggerv1 "github.com/linnet-delivery/linnet/pkg/apis/flagger/v1beta1"
	"github.com/linnet-delivery/linnet/pkg/kube"
)

const defaultPortName = "http"

// ownPorts returns exactly the ports that the Canary asks for. Node ports of
// existing ones are kept.
func ownPorts(c *flaggerv1.Canary, b kube.Backend, existing []corev1.ServicePort) []corev1.ServicePort {
	ports := []corev1.ServicePort{mainPort(c)}
	for _, d := range b.DiscoveredPorts {
		p := discoveredPort(d)
		if !hasPort(ports, p) {
			ports = append(ports, p)
		}
	}
	return withNodePorts(withNames(ports), existing)
}

// adoptedPorts returns the Canary's ports and, after them, those of the adopted
// Service that the Canary does not name, so that their callers lose nothing.
// Where the Canary is silent, name and protocol stay as they were: meshes read
// the protocol from them and Ingresses refer to them.
func adoptedPorts(c *flaggerv1.Canary, b kube.Backend, existing []corev1.ServicePort) []corev1.ServicePort {
	ports := ownPorts(c, b, existing)
	if was := findPort(existing, ports[0]); was != nil {
		if c.Spec.Service.PortName == "" && was.Name != "" {
			ports[0].Name = was.Name
		}
		if c.Spec.Service.AppProtocol == "" {
			ports[0].AppProtocol = was.AppProtocol
		}
	}
	for _, p := range existing {
		if !hasPort(ports, p) {
			ports = append(ports, p)
		}
	}
	return withNames(ports)
}

func mainPort(c *flaggerv1.Canary) corev1.ServicePort {
	s := c.Spec.Service
	p := corev1.ServicePort{
		Name:        s.PortName,
		Protocol:    corev1.ProtocolTCP,
		Port:        s.Port,
		TargetPort:  intstr.FromInt32(s.Port),
		AppProtocol: nonEmpty(s.AppProtocol),
	}
	if p.Name == "" {
		p.Name = defaultPortName
	}
	if t := s.TargetPort; t != nil && t.String() != "0" && t.String() != "" {
		p.TargetPort = *t
	}
	return p
}

func discoveredPort(d corev1.ContainerPort) corev1.ServicePort {
	return corev1.ServicePort{
		Name:       d.Name,
		Protocol:   transport(d.Protocol),
		Port:       d.ContainerPort,
		TargetPort: intstr.FromInt32(d.ContainerPort),
	}
}

// withDefaults fills in what the API server would.
func withDefaults(ports []corev1.ServicePort) []corev1.ServicePort {
	for i := range ports {
		ports[i].Protocol = transport(ports[i].Protocol)
		if ports[i].TargetPort.String() == "0" {
			ports[i].TargetPort = intstr.FromInt32(ports[i].Port)
		}
	}
	return ports
}

// withNames makes the names of several ports unique and non-empty, as the API
// server demands. The prefix is kept: Istio reads the protocol from it.
func withNames(ports []corev1.ServicePort) []corev1.ServicePort {
	if len(ports) < 2 {
		return ports
	}
	taken := map[string]bool{}
	for i := range ports {
		p := &ports[i]
		if p.Name == "" {
			p.Name = "port"
		}
		if taken[p.Name] || p.Name == "port" {
			p.Name = fmt.Sprintf("%s-%d", p.Name, p.Port)
		}
		taken[p.Name] = true
	}
	return ports
}

// withNodePorts gives ports without one the node port of their like in existing.
func withNodePorts(ports, existing []corev1.ServicePort) []corev1.ServicePort {
	for i := range ports {
		if was := findPort(existing, ports[i]); was != nil && ports[i].NodePort == 0 {
			ports[i].NodePort = was.NodePort
		}
	}
	return ports
}

func hasPort(ports []corev1.ServicePort, p corev1.ServicePort) bool {
	return findPort(ports, p) != nil
}

// findPort returns the port with p's number and transport protocol, or nil.
func findPort(ports []corev1.ServicePort, p corev1.ServicePort) *corev1.ServicePort {
	for i := range ports {
		if ports[i].Port == p.Port && transport(ports[i].Protocol) == transport(p.Protocol) {
			return &ports[i]
		}
	}
	return nil
}

// transport returns p, or TCP when it is empty, which is the API server's default.
func transport(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
