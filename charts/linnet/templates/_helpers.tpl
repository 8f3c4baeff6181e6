{{- define "linnet.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "linnet.fullname" -}}
{{- $name := include "linnet.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "linnet.selectorLabels" -}}
app.kubernetes.io/name: {{ include "linnet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "linnet.labels" -}}
{{ include "linnet.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "linnet.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "linnet.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "linnet.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* How many pods run: without an election, more than one would act at the same time. */}}
{{- define "linnet.replicas" -}}
{{- if .Values.leaderElection.enabled }}
{{- .Values.leaderElection.replicaCount }}
{{- else }}
{{- 1 }}
{{- end }}
{{- end }}

{{/* The namespaces that are watched, as a JSON list; empty is all. */}}
{{- define "linnet.watchNamespaces" -}}
{{- $namespaces := .Values.watchNamespaces }}
{{- if .Values.namespace }}
{{- $namespaces = append $namespaces .Values.namespace }}
{{- end }}
{{- $namespaces = uniq $namespaces }}
{{- if gt (len $namespaces) 1 }}
{{- fail (printf "watchNamespaces and namespace name %d namespaces (%s): the controller watches one namespace or all. Install a release for each, in a namespace of its own and with crd.create=false for all but one" (len $namespaces) (join ", " $namespaces)) }}
{{- end }}
{{- toJson $namespaces }}
{{- end }}
