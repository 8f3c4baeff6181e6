{{/* The same as artifacts/install/cluster-role.yaml; a test compares the two. */}}
{{- define "linnet.rules" -}}
# The plan of a release, and its memory.
- apiGroups: [flagger.app]
  resources: [canaries]
  verbs: [get, list, watch, update, patch]
- apiGroups: [flagger.app]
  resources: [canaries/status, metrictemplates/status, alertproviders/status]
  verbs: [get, update, patch]
- apiGroups: [flagger.app]
  resources: [canaries/finalizers, metrictemplates/finalizers, alertproviders/finalizers]
  verbs: [update]
- apiGroups: [flagger.app]
  resources: [metrictemplates, alertproviders]
  verbs: [get, list, watch]
# The target, its primary and the copies of their configuration.
- apiGroups: [apps]
  resources: [deployments, daemonsets]
  verbs: [get, list, watch, create, update, patch]
{{- if .Values.configTracking.enabled }}
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch, create, update, patch]
{{- else }}
# No copies are made. Secrets are read for the credentials of MetricTemplates and AlertProviders.
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get, list, watch]
{{- end }}
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, update, patch]
{{- if .Values.rbac.keda }}
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, update, patch]
{{- end }}
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, update, patch, delete]
# Why a version does not start, and since when it tries.
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
# Whether anybody answers behind a Service that is released.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
{{- if .Values.rbac.externalMetrics }}
# Metrics of MetricTemplates with provider externalmetrics.
- apiGroups: [external.metrics.k8s.io]
  resources: ["*"]
  verbs: [get, list]
{{- end }}
# Routes.
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [networking.istio.io]
  resources: [virtualservices, destinationrules]
  verbs: [get, list, watch, create, update, patch]
# What happened, for people.
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
