terraform {
  required_version = ">= 1.10" # OpenTofu: >= 1.11
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

# Terraform opens it at plan, where a bad result is a warning, and again at apply, where it is an error. So an order that failed in
# between is refused. A bad result does not block destroy. Nothing of the order is kept in plan or state.
ephemeral "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = terraform.applying
  require_success     = terraform.applying

  timeouts {
    open = "20m"
  }
}

# Stands for the next layer: created only behind the open gate.
resource "terraform_data" "next_layer" {
  input      = var.order_id
  depends_on = [ephemeral.coc_script_order.migrate]
}
