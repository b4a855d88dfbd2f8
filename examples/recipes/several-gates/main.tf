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

variable "instance_id" {
  type        = string
  description = "Id of the ROMA Connect instance."
}

data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
}

data "roma_fdi_task_statistics" "tasks" {
  provider    = hwgate
  instance_id = var.instance_id
}

locals {
  gates = [
    { open = data.coc_script_order.migrate.succeeded, why = data.coc_script_order.migrate.summary },
    { open = data.roma_fdi_task_statistics.tasks.healthy, why = data.roma_fdi_task_statistics.tasks.summary },
  ]
}

# This gate is closed if any of the above is. Its message has the reason of each gate that is closed.
resource "terraform_data" "gate" {
  lifecycle {
    precondition {
      condition     = alltrue(local.gates[*].open)
      error_message = join("\n", [for gate in local.gates : gate.why if !gate.open])
    }
  }
}

resource "terraform_data" "next_layer" {
  depends_on = [terraform_data.gate]
}
