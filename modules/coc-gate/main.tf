terraform {
  required_version = ">= 1.5"
  required_providers {
    # The local name is the prefix of the data source's type, so that the block below needs no `provider =`. The module uses the
    # configuration of hwgate in the root module, whatever its local name is there.
    coc = { source = "hwgate/hwgate" }
  }
}

variable "order_id" {
  type        = string
  description = "Id of the script order."
}

variable "wait" {
  type        = bool
  default     = true
  description = "Whether to wait for the end of the order."
}

variable "timeout" {
  type        = string
  default     = "30m"
  description = "Longest time of the whole read, as a duration such as 90s or 1h."
}

variable "log_tail_bytes" {
  type        = number
  default     = 0
  description = "How many bytes of the end of each failed log to keep in the state."
}

data "coc_script_order" "gate" {
  execute_uuid        = var.order_id
  wait_for_completion = var.wait
  log_tail_bytes      = var.log_tail_bytes

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
  value       = data.coc_script_order.gate.outcome
}

output "succeeded" {
  description = "Whether the outcome is `succeeded`."
  value       = data.coc_script_order.gate.succeeded
}

output "summary" {
  description = "One line that says what was read, its outcome, and why."
  value       = data.coc_script_order.gate.summary
}
