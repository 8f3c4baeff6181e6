package chart_test

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The kinds of the Prometheus operator, as far as the charts use them: its own module would bring more than this test
// needs. A field that is missing here is one that the charts don't set.
var monitoring = schema.GroupVersion{Group: "monitoring.coreos.com", Version: "v1"}

// PodMonitor says which pods are scraped.
type PodMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		NamespaceSelector   namespaceSelector    `json:"namespaceSelector"`
		Selector            metav1.LabelSelector `json:"selector"`
		PodMetricsEndpoints []endpoint           `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

// ServiceMonitor says the pods of which Services are scraped.
type ServiceMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		NamespaceSelector namespaceSelector    `json:"namespaceSelector"`
		Selector          metav1.LabelSelector `json:"selector"`
		Endpoints         []endpoint           `json:"endpoints"`
	} `json:"spec"`
}

// PrometheusRule holds alerts.
type PrometheusRule struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Groups []group `json:"groups"`
	} `json:"spec"`
}

type namespaceSelector struct {
	MatchNames []string `json:"matchNames"`
}

type endpoint struct {
	Port        string `json:"port"`
	Path        string `json:"path"`
	Interval    string `json:"interval"`
	HonorLabels bool   `json:"honorLabels"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// DeepCopyObject returns the object itself: these tests change none.
func (m *PodMonitor) DeepCopyObject() runtime.Object { return m }

// DeepCopyObject returns the object itself: these tests change none.
func (m *ServiceMonitor) DeepCopyObject() runtime.Object { return m }

// DeepCopyObject returns the object itself: these tests change none.
func (r *PrometheusRule) DeepCopyObject() runtime.Object { return r }
