terraform {
  required_version = ">= 1.14"
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

action "coc_script_order" "migrate" {
  provider = hwgate

  config {
    execute_uuid      = var.order_id
    progress_interval = "10s"

    timeouts {
      invoke = "20m"
    }
  }
}

# Stands for the next layer. The action runs before it is created or updated, also when a saved plan is applied, and again in every apply
# until that has succeeded. A new order is an update: without `input`, nothing would change, and the action would not run.
# after_create on the layer before would not be a gate.
resource "terraform_data" "next_layer" {
  input = var.order_id

  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.coc_script_order.migrate]
    }
  }
}
