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

# ... and accept it if all instances ended, at least 95 % succeeded, and none of the first batch failed. An order that is paused or
# canceled is refused, whatever its statistics say. try() refuses counts that are null, which means not known.
data "coc_script_order_statistics" "rollout" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.rollout.execute_uuid

  lifecycle {
    postcondition {
      condition = try(
        (data.coc_script_order.rollout.succeeded || (data.coc_script_order.rollout.status == "ABNORMAL" && self.failed_count > 0)) &&
        self.completed && self.success_rate >= 95 && !contains(self.failed_batch_indexes, 1),
        false,
      )
      error_message = "${data.coc_script_order.rollout.summary}. ${self.summary}"
    }
  }
}
