terraform {
  required_version = ">= 1.5"
  required_providers {
    # The local name is the prefix of the data source's type, so that the block below needs no `provider =`. The module uses the
    # configuration of hwgate in the root module, whatever its local name is there.
    dataarts = { source = "hwgate/hwgate" }
  }
}

variable "workspace_id" {
  type        = string
  default     = null
  description = "Id of the workspace. Default: the default workspace."
}

variable "job_name" {
  type        = string
  default     = null
  description = "Name of the job to judge. Default: all jobs of the workspace."
}

variable "since" {
  type        = string
  default     = null
  description = "Time in RFC 3339, or a duration back from now such as 2h: only runs of the job that began since then are judged. Needs `job_name`."
}

variable "query_days" {
  type        = string
  default     = null
  description = "Days to count: today, yesterday, before_yesterday or all; none with `since`. Default: yesterday, or today with a baseline."
}

variable "wait" {
  type        = bool
  default     = false
  description = "Whether to wait for the end of what runs."
}

variable "baseline_counts" {
  type        = map(number)
  default     = null
  description = "Counts of an earlier read of a whole workspace, taken before the run: only what has come since is judged. Default: none."
}

variable "min_new_count" {
  type        = number
  default     = null
  description = "How many instances must have come since `since` or the baseline. Default: 1, with one of the two."
}

variable "stable_for" {
  type        = string
  default     = null
  description = "How long success must last, as a duration such as 3m; needs `wait`. Default: not at all."
}

variable "timeout" {
  type        = string
  default     = "30m"
  description = "Longest time of the whole read, as a duration such as 90s or 1h."
}

data "dataarts_instance_status" "gate" {
  workspace_id        = var.workspace_id
  job_name            = var.job_name
  since               = var.since
  query_days          = var.since != null ? var.query_days : coalesce(var.query_days, var.baseline_counts == null ? "yesterday" : "today")
  wait_for_completion = var.wait
  stable_for          = var.stable_for
  baseline_counts     = var.baseline_counts
  min_new_count       = var.min_new_count

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

output "counts" {
  description = "Count by state, the baseline of a later gate. Null when it cannot be trusted."
  value       = data.dataarts_instance_status.gate.counts
}

output "summary" {
  description = "One line that says what was read, its outcome, and why."
  value       = data.dataarts_instance_status.gate.summary
}
