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
  description = "Id that the script order is to get here; elsewhere the resource below gives it."
}

# Stands for the resource that starts the script, such as huaweicloud_coc_script_execute: the order's id is known only when it ran.
resource "terraform_data" "migrate" {
  input = var.order_id
}

# Read during apply, since its argument is not known before.
data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = terraform_data.migrate.output
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

# Stands for the next layer: created only behind the open gate.
resource "terraform_data" "next_layer" {
  depends_on = [data.coc_script_order.migrate]
}
