terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# Keys come from HW_ACCESS_KEY and HW_SECRET_KEY.
provider "hwgate" {
  region = "cn-north-4"
}

variable "order_id" {
  type        = string
  description = "Id of the script order."
}

variable "since" {
  type        = string
  default     = null
  description = "Refuses an order that was created before: a time in RFC 3339, such as 2026-11-28T20:00:00Z, or a duration back from now, such as 2h."
}

data "coc_script_order" "gate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  since               = var.since
  wait_for_completion = true

  timeouts {
    read = "20m"
  }

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

# An open gate prints it.
output "verdict" {
  value = data.coc_script_order.gate.summary
}
