terraform {
  required_version = ">= 1.7" # for mock_provider; OpenTofu >= 1.8
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

data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true

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
