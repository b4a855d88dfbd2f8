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

# No postcondition: the test decides, and its assert writes the summary into the report.
data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
}
