terraform {
  required_version = ">= 1.5"
  required_providers {
    # Named by the prefix of the data source's type, so that the block below needs no `provider =`. The configuration of hwgate in
    # the root module counts, whatever its local name there.
    dataarts = { source = "hwgate/hwgate" }
  }
}

variable "workspace_id" {
  type        = string
  default     = null
  description = "Id of the workspace. Default: the default workspace."
}

variable "query_days" {
  type        = string
  default     = "yesterday"
  description = "Days to count: today, yesterday, before_yesterday or all."
}

variable "wait" {
  type        = bool
  default     = false
  description = "Whether to wait for the end of what runs."
}

variable "timeout" {
  type        = string
  default     = "30m"
  description = "Longest time of the whole read, as a duration such as 90s or 1h."
}

data "dataarts_instance_status" "gate" {
  workspace_id        = var.workspace_id
  query_days          = var.query_days
  wait_for_completion = var.wait

  timeouts {
    read = var.timeout
  }

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

output "outcome" {
  description = "State in one word."
  value       = data.dataarts_instance_status.gate.outcome
}

output "succeeded" {
  description = "Whether the outcome is `succeeded`."
  value       = data.dataarts_instance_status.gate.succeeded
}

output "summary" {
  description = "One line that says what was looked at, its outcome, and why."
  value       = data.dataarts_instance_status.gate.summary
}
