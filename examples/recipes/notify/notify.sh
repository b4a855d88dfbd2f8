#!/bin/sh
# Sends the errors and warnings of `terraform plan -json > plan.json` to the webhook of a chat system. Needs curl and jq.
set -eu
jq -nR '{text: [inputs | fromjson? | objects | select(.type == "diagnostic") | .diagnostic | "\(.summary)\n\(.detail)"] | join("\n\n")}' plan.json |
  curl -sSf -X POST -H 'Content-Type: application/json' --data-binary @- "$WEBHOOK_URL"
