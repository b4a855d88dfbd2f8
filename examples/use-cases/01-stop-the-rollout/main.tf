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

# In your configuration the official provider starts the script, and its resource gives the order's id:
#
#   resource "huaweicloud_coc_script_execute" "migrate" {
#     script_id    = huaweicloud_coc_script.migrate.id
#     instance_id  = huaweicloud_compute_instance.db.id
#     timeout      = 600
#     execute_user = "root"
#   }
#
# The gate then reads `execute_uuid = huaweicloud_coc_script_execute.migrate.id`. To run without that provider, this example takes the
# id of an order from a variable; as there, it is known only during apply.
variable "order_id" {
  type        = string
  description = "Id of the script order."
}

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
