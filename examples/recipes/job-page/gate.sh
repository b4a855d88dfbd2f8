#!/bin/sh
# Puts the report on the page of the job, whether the gate is open or closed, and fails if it is closed.
set -eu
terraform apply -auto-approve -input=false -no-color
terraform output -raw report >> "$GITHUB_STEP_SUMMARY"
test "$(terraform output -raw open)" = true
