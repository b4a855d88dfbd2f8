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

# Wait for the order, whatever its outcome ...
data "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
}

# ... and accept it when all instances ended, 95 % of them well, and none of the first batch failed. What cannot be known is null,
# and try() makes that a no.
data "coc_script_order_statistics" "rollout" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.rollout.execute_uuid

  lifecycle {
    postcondition {
      condition     = try(self.completed && self.success_rate >= 95 && !contains(self.failed_batch_indexes, 1), false)
      error_message = self.summary
    }
  }
}
