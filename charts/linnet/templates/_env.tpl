{{/* Addresses that may be secrets travel by environment variable: arguments are shown by ps and by kubectl describe. */}}
{{- define "linnet.env" -}}
{{- $env := list }}
{{- range $name, $value := dict "EVENT_WEBHOOK_URL" .Values.eventWebhook "SLACK_URL" .Values.slack.url "SLACK_PROXY_URL" .Values.slack.proxyUrl "MSTEAMS_URL" .Values.msteams.url "MSTEAMS_PROXY_URL" .Values.msteams.proxyUrl }}
{{- if $value }}
{{- $env = append $env (dict "name" $name "value" $value) }}
{{- end }}
{{- end }}
{{- with concat $env .Values.env .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
