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

data "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
}

# If an apply cannot read the order, the outputs of an earlier apply stay in the state. So the verdict names its order.
output "succeeded_order" {
  value = data.coc_script_order.rollout.succeeded ? data.coc_script_order.rollout.execute_uuid : ""
}

output "why" {
  value = data.coc_script_order.rollout.summary
}
