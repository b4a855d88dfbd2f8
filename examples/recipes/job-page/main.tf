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

# No postcondition: a failed plan has no outputs, so the last step decides.
data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
}

output "open" {
  value = data.coc_script_order.migrate.succeeded
}

output "report" {
  value = data.coc_script_order.migrate.report_markdown
}
