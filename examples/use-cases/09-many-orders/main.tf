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

variable "order_ids" {
  type        = set(string)
  description = "Ids of the script orders, at least one."

  # for_each over nothing would read nothing, and the run would end with exit code 0.
  validation {
    condition     = length(var.order_ids) > 0
    error_message = "Give the id of at least one script order: a gate over nothing is open."
  }
}

# Terraform reads ten of them at a time. -parallelism changes that.
data "coc_script_order" "rollout" {
  for_each            = var.order_ids
  provider            = hwgate
  execute_uuid        = each.key
  wait_for_completion = true

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
