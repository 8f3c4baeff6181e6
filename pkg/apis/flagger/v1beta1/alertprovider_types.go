package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertProvider is a chat room, or a program, to which alerts are sent. Canaries refer to it in
// spec.analysis.alerts.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=alertproviders,categories=all
// +kubebuilder:metadata:annotations="helm.sh/resource-policy=keep"
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
type AlertProvider struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	Spec AlertProviderSpec `json:"spec"`
}

// AlertProviderList is a list of AlertProviders.
//
// +kubebuilder:object:root=true
type AlertProviderList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []AlertProvider `json:"items"`
}

// AlertProviderSpec says where alerts go and in whose name.
//
// +kubebuilder:validation:XValidation:rule="has(self.address) != has(self.secretRef)",message="give the address of the alert provider either in address or in a Secret named by secretRef"
type AlertProviderSpec struct {
	// Type says in which form an alert is posted. webhook posts JSON of Linnet's own.
	// +kubebuilder:validation:Enum=slack;msteams;discord;rocket;gchat;webhook
	Type string `json:"type"`

	// Channel that alerts are posted to, where the provider has channels. Default general.
	// +optional
	Channel string `json:"channel,omitempty"`

	// Username that alerts are posted by. Default flagger.
	// +optional
	Username string `json:"username,omitempty"`

	// Address that alerts are posted to.
	// +optional
	Address string `json:"address,omitempty"`

	// Proxy through which alerts are sent.
	// +optional
	Proxy string `json:"proxy,omitempty"`

	// SecretRef names the Secret, in the provider's own namespace, whose key address
	// holds the address, and whose key token may hold a bearer token.
	// +optional
	SecretRef *LocalObjectReference `json:"secretRef,omitempty"`
}
