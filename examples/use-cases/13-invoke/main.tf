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

# The gate. `terraform apply -invoke` runs it by its name, and changes no state.
action "coc_script_order" "verify" {
  provider = hwgate

  config {
    execute_uuid = var.order_id

    timeouts {
      invoke = "20m"
    }
  }
}
