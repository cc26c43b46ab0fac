// Blank lines belong to the messages: systems on the other side have come to rely on them. So what
// stands between two definitions is text that nobody sees, and what stands in one is sent.
#include "receivers/templates/default_texts.h"

namespace tocsin::receivers {

const std::string_view kDefaultTexts = R"tmpl(
{{ define "__alertmanager" }}Alertmanager{{ end }}
{{ define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ urlquery .Receiver }}{{ end }}
{{ define "__description" }}{{ end }}

{{ define "__subject" -}}
  [{{ toUpper .Status }}
  {{- if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}] {{ join " " .GroupLabels.Values }} {{ "" }}
  {{- if gt (len .CommonLabels) (len .GroupLabels) -}}
    ({{ join " " (.CommonLabels.Remove .GroupLabels.Names).Values }})
  {{- end }}
{{- end }}

{{ define "__text_alert_list" }}{{ range . }}Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Annotations:
{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{ define "__text_alert_list_markdown" }}{{ range . }}
Labels:
{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Annotations:
{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}
{{ end }}
Source: {{ .GeneratorURL }}
{{ end }}{{ end }}

{{/* The two lists of a message, close together, far apart, and for Markdown. */}}
{{ define "__lists" -}}
  {{ with .Alerts.Firing }}{{ "Alerts Firing:\n" }}{{ template "__text_alert_list" . }}{{ end }}
{{ with .Alerts.Resolved }}{{ "Alerts Resolved:\n" }}{{ template "__text_alert_list" . }}{{ end }}
{{- end }}
{{ define "__lists_apart" }}
{{ with .Alerts.Firing }}
Alerts Firing:
{{ template "__text_alert_list" . }}
{{ end }}
{{ with .Alerts.Resolved }}
Alerts Resolved:
{{ template "__text_alert_list" . }}
{{ end }}
{{ end }}
{{ define "__lists_markdown" }}
{{ with .Alerts.Firing }}
# Alerts Firing:
{{ template "__text_alert_list_markdown" . }}
{{ end }}
{{ with .Alerts.Resolved }}
# Alerts Resolved:
{{ template "__text_alert_list_markdown" . }}
{{ end }}
{{ end }}
{{ define "__annotations" }}{{ join " " .CommonAnnotations.Values }}{{ end }}
{{ define "__annotations_and_lists" }}{{ template "__annotations" . }}
{{ template "__lists" . }}{{ end }}
{{ define "__annotations_and_lists_apart" }}
  {{- template "__annotations" . }}{{ template "__lists_apart" . }}
{{- end }}
{{ define "__title_and_link" }}{{ template "__subject" . }} | {{ template "__alertmanagerURL" . }}{{ end }}
{{ define "__state_color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end }}

{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{ define "slack.default.color" }}{{ template "__state_color" . }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.text" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}

{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{ define "opsgenie.default.message" }}{{ template "__subject" . }}{{ end }}
{{ define "opsgenie.default.source" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "opsgenie.default.description" }}{{ template "__annotations_and_lists" . }}{{ end }}

{{ define "victorops.default.entity_display_name" }}{{ template "__subject" . }}{{ end }}
{{ define "victorops.default.monitoring_tool" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "victorops.default.state_message" }}{{ template "__annotations_and_lists" . }}{{ end }}

{{ define "pushover.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "pushover.default.url" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pushover.default.message" }}{{ template "__annotations_and_lists_apart" . }}{{ end }}

{{ define "sns.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "sns.default.message" }}{{ template "__annotations_and_lists_apart" . }}{{ end }}

{{ define "webex.default.message" }}{{ template "__annotations_and_lists_apart" . }}{{ end }}

{{ define "telegram.default.message" }}{{ template "__lists_apart" . }}{{ end }}

{{ define "discord.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "discord.default.content" }}{{ end }}
{{ define "discord.default.message" }}{{ template "__lists_apart" . }}{{ end }}

{{ define "wechat.default.message" }}{{ template "__subject" . }}
{{ template "__annotations_and_lists" . }}
AlertmanagerUrl:
{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "wechat.default.to_user" }}{{ end }}
{{ define "wechat.default.to_party" }}{{ end }}
{{ define "wechat.default.to_tag" }}{{ end }}
{{ define "wechat.default.agent_id" }}{{ end }}

{{ define "msteams.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteams.default.text" }}{{ template "__lists_markdown" . }}{{ end }}
{{ define "msteamsv2.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "msteamsv2.default.text" }}{{ template "__lists_markdown" . }}{{ end }}

{{ define "jira.default.summary" }}{{ template "__subject" . }}{{ end }}
{{ define "jira.default.description" }}{{ template "__lists_markdown" . }}{{ end }}
{{/* The highest of the firing alerts; of the resolved ones where none fires with a severity. */}}
{{ define "jira.default.priority" -}}
  {{- $priority := "" }}
  {{- range $alerts := list .Alerts.Firing .Alerts.Resolved }}
    {{- if not $priority }}
      {{- $severities := list }}
      {{- range $alerts }}{{ $severities = append $severities .Labels.severity }}{{ end }}
      {{- range $severities }}{{ if eq . "info" }}{{ $priority = "Low" }}{{ end }}{{ end }}
      {{- range $severities }}{{ if eq . "warning" }}{{ $priority = "Medium" }}{{ end }}{{ end }}
      {{- range $severities }}{{ if eq . "critical" }}{{ $priority = "High" }}{{ end }}{{ end }}
    {{- end }}
  {{- end }}
  {{- $priority }}
{{- end }}

{{ define "rocketchat.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "rocketchat.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "rocketchat.default.alias" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "rocketchat.default.text" }}{{ end }}
{{ define "rocketchat.default.emoji" }}{{ end }}
{{ define "rocketchat.default.iconurl" }}{{ end }}

{{ define "mattermost.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "mattermost.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "mattermost.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "mattermost.default.fallback" }}{{ template "__title_and_link" . }}{{ end }}
{{ define "mattermost.default.color" }}{{ template "__state_color" . }}{{ end }}
{{ define "mattermost.default.text" }}{{ template "__lists_markdown" . }}{{ end }}

{{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
)tmpl";

// Tables and inline styles: what mail programs show alike.
const std::string_view kDefaultMail = R"tmpl(
{{ define "__mail_pairs" -}}
  {{ range .SortedPairs }}
            <tr><td style="padding:2px 12px 2px 0;color:#57606a;vertical-align:top">{{ .Name }}</td><td style="padding:2px 0;word-break:break-word">{{ .Value }}</td></tr>
  {{- end }}
{{- end }}

{{ define "__mail_alerts" -}}
  {{ range . }}
          <div style="margin:0 0 16px 0;padding:12px 16px;border:1px solid #d0d7de;border-radius:6px">
            <table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px">
            <tr><th colspan="2" style="padding:0 0 4px 0;text-align:left">Labels</th></tr>
            {{- template "__mail_pairs" .Labels }}
            {{- if .Annotations }}
            <tr><th colspan="2" style="padding:8px 0 4px 0;text-align:left">Annotations</th></tr>
            {{- template "__mail_pairs" .Annotations }}
            {{- end }}
            </table>
            {{- if .GeneratorURL }}
            <p style="margin:8px 0 0 0;font-size:14px"><a href="{{ .GeneratorURL }}" style="color:#0969da">Source</a></p>
            {{- end }}
          </div>
  {{- end }}
{{- end }}

{{ define "email.default.html" -}}
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>{{ template "__subject" . }}</title>
  </head>
  <body style="margin:0;background:#f6f8fa;color:#1f2328;font-family:Helvetica,Arial,sans-serif">
    <table role="presentation" width="100%" cellpadding="0" cellspacing="0">
      <tr><td align="center" style="padding:24px 8px">
      <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px;background:#ffffff">
        <tr>
          {{- if eq .Status "firing" }}
          <td style="padding:20px;background:#cf222e;color:#ffffff;font-size:18px;text-align:center;word-break:break-word">
          {{- else }}
          <td style="padding:20px;background:#1a7f37;color:#ffffff;font-size:18px;text-align:center;word-break:break-word">
          {{- end }}
            {{ len .Alerts }} alert{{ if ne (len .Alerts) 1 }}s{{ end }}
            {{- with .GroupLabels.SortedPairs }} for{{ range . }} {{ .Name }}={{ .Value }}{{ end }}{{ end }}
          </td>
        </tr>
        <tr><td style="padding:20px">
          <p style="margin:0 0 20px 0;text-align:center"><a href="{{ template "__alertmanagerURL" . }}" style="display:inline-block;padding:10px 20px;background:#0969da;color:#ffffff;border-radius:6px;text-decoration:none">View in {{ template "__alertmanager" . }}</a></p>
          {{- with .Alerts.Firing }}
          <h2 style="font-size:16px">[{{ len . }}] Firing</h2>
          {{- template "__mail_alerts" . }}
          {{- end }}
          {{- with .Alerts.Resolved }}
          <h2 style="font-size:16px">[{{ len . }}] Resolved</h2>
          {{- template "__mail_alerts" . }}
          {{- end }}
        </td></tr>
        <tr><td style="padding:12px 20px;color:#57606a;font-size:12px;text-align:center">Sent by <a href="{{ .ExternalURL }}" style="color:#57606a">{{ .ExternalURL }}</a></td></tr>
      </table>
      </td></tr>
    </table>
  </body>
</html>
{{ end }}
)tmpl";

}  // namespace tocsin::receivers
