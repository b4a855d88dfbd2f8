terraform {
  required_version = ">= 1.5"
  required_providers {
    # The local name is the prefix of the data source's type, so that the block below needs no `provider =`. The module uses the
    # configuration of hwgate in the root module, whatever its local name is there.
    roma = { source = "hwgate/hwgate" }
  }
}

variable "instance_id" {
  type        = string
  description = "Id of the ROMA Connect instance."
}

variable "min_running_count" {
  type        = number
  default     = 1
  description = "How many tasks must run, at least 1: an instance whose tasks have all stopped is not healthy."

  validation {
    condition     = var.min_running_count >= 1
    error_message = "The value must be at least 1."
  }
}

variable "wait" {
  type        = bool
  default     = true
  description = "Whether to wait until the tasks are healthy."
}

variable "stable_for" {
  type        = string
  default     = null
  description = "How long the tasks must be healthy, as a duration such as 3m; needs `wait`. Default: not at all."
}

variable "timeout" {
  type        = string
  default     = "10m"
  description = "Longest time of the whole read, as a duration such as 90s or 1h."
}

# Real-time integration tasks do not end, so the gate asks for health. If the time is over, the postcondition decides.
data "roma_fdi_task_statistics" "gate" {
  instance_id         = var.instance_id
  min_running_count   = var.min_running_count
  wait_until_healthy  = var.wait
  stable_for          = var.stable_for
  continue_on_timeout = true

  timeouts {
    read = var.timeout
  }

  lifecycle {
    postcondition {
      condition     = self.healthy
      error_message = self.summary
    }
  }
}

output "outcome" {
  description = "State in one word."
  value       = data.roma_fdi_task_statistics.gate.outcome
}

output "healthy" {
  description = "Whether no task is abnormal and enough tasks run."
  value       = data.roma_fdi_task_statistics.gate.healthy
}

output "summary" {
  description = "One line that says what was read, its outcome, and why."
  value       = data.roma_fdi_task_statistics.gate.summary
}
