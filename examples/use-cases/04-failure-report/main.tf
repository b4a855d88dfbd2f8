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

# No postcondition: a plan or apply that fails writes no outputs. It reports on an order that still runs after a minute, and on one that is
# gone, too.
data "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
  continue_on_timeout = true
  ignore_not_found    = true
  log_tail_bytes      = 2048

  timeouts {
    read = "1m"
  }
}

output "summary" {
  value = data.coc_script_order.rollout.summary
}

output "failed_hosts" {
  value = coalesce(data.coc_script_order.rollout.failed_hosts, [])
}

# Terraform hides the logs on the console. In the state and in `terraform output -json` they are plain text.
output "failed_logs" {
  sensitive = true
  value = [for instance in coalesce(data.coc_script_order.rollout.failed_instances, []) : {
    batch  = instance.batch_index
    host   = instance.host_name
    status = instance.status
    log    = instance.log
  }]
}
