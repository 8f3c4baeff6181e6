{{/* The same as artifacts/install/cluster-role.yaml; a test compares the two. */}}
{{- define "linnet.rules" -}}
# The plan of a release, and its memory.
- apiGroups: [flagger.app]
  resources: [canaries]
  verbs: [list, watch, patch]
- apiGroups: [flagger.app]
  resources: [canaries/status]
  verbs: [patch]
# To own what blocks its deletion. Asked for by the admission plugin OwnerReferencesPermissionEnforcement, where it is on.
- apiGroups: [flagger.app]
  resources: [canaries/finalizers]
  verbs: [update]
- apiGroups: [flagger.app]
  resources: [metrictemplates, alertproviders]
  verbs: [list, watch]
# The target, its primary and the copies of their configuration.
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  verbs: [get, list, watch, create, patch]
{{- if .Values.configTracking.enabled }}
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch, create, patch]
{{- else }}
# No copies are made. Secrets are read for the credentials of MetricTemplates and AlertProviders.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, watch, create, patch]
{{- if .Values.rbac.keda }}
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list, watch, create, patch]
{{- end }}
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
# Why a version does not start, and since when it tries.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# Whether anybody answers behind a Service that is released.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
{{- if .Values.rbac.externalMetrics }}
# Metrics of MetricTemplates with provider externalmetrics.
- apiGroups: [external.metrics.k8s.io]
  resources: ["*"]
  verbs: [list]
{{- end }}
# Routes.
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [networking.istio.io]
  resources: [virtualservices, destinationrules]
  verbs: [list, watch, create, update]
# What happened, for people.
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
