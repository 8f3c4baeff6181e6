package mesh

import (
	_ "embed"

	"github.com/linnet-delivery/linnet/e2e/lab/internal/kube"
)

// The application that shows that requests get through the mesh.
const (
	CheckNamespace = "lab-check"
	CheckHost      = "lab-check.local"
	// CheckQuery counts its requests as the server's own sidecar has seen them, over mTLS.
	CheckQuery = `sum(istio_requests_total{reporter="destination",destination_workload_namespace="lab-check",connection_security_policy="mutual_tls"})`
)

//go:embed files/check.yaml
var checkApplication []byte

// CheckApplication returns the objects of the application.
func CheckApplication() ([]kube.Object, error) { return kube.Parse(checkApplication) }
