terraform {
  required_version = ">= 1.5"
  required_providers {
    # Named by the prefix of the data source's type, so that the block below needs no `provider =`. The configuration of hwgate in
    # the root module counts, whatever its local name there.
    roma = { source = "hwgate/hwgate" }
  }
}

variable "instance_id" {
  type        = string
  description = "Id of the ROMA Connect instance."
}

variable "running_tasks" {
  type        = number
  default     = 0
  description = "How many tasks have to run, at least."
}

# Integration tasks are meant to run for ever, so the gate asks for health. try() makes what cannot be known a no.
data "roma_fdi_task_statistics" "gate" {
  instance_id = var.instance_id

  lifecycle {
    postcondition {
      condition     = try(self.healthy && self.running_count >= var.running_tasks, false)
      error_message = self.summary
    }
  }
}

output "outcome" {
  description = "State in one word."
  value       = data.roma_fdi_task_statistics.gate.outcome
}

output "succeeded" {
  description = "Whether the outcome is `succeeded`."
  value       = data.roma_fdi_task_statistics.gate.succeeded
}

output "summary" {
  description = "One line that says what was looked at, its outcome, and why."
  value       = data.roma_fdi_task_statistics.gate.summary
}
