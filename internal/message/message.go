// Package message has the forms in which people are told something: the bodies that
// chats take by their webhooks, and e-mail.
package message

// Slack returns the body that a webhook of Slack takes. An empty channel is that of the
// webhook.
func Slack(text, channel string) map[string]any {
	body := map[string]any{"text": text}
	if channel != "" {
		body["channel"] = channel
	}
	return body
}

// Teams returns the body that a workflow of Microsoft Teams takes: a card with text.
func Teams(text string) map[string]any {
	card := map[string]any{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": []any{map[string]any{"type": "TextBlock", "text": text, "wrap": true}},
	}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}
