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

# The logs are read, but kept neither in the plan nor in the state. It reports on an order that still runs after a minute, and on one that
# is gone, too. The system bounds what a command is given: on Linux 128 KiB for each variable.
ephemeral "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = var.order_id
  wait_for_completion = true
  continue_on_timeout = true
  ignore_not_found    = true
  log_tail_bytes      = 1000 # for each of 100 hosts

  timeouts {
    open = "1m"
  }
}

# Replace the command with your own way of sending the report. A provisioner may use values of an ephemeral resource; Terraform then
# prints nothing of its output.
resource "terraform_data" "report" {
  triggers_replace = timestamp() # each apply reports

  provisioner "local-exec" {
    command = "printf '%s\n' \"$REPORT\" \"$LOGS\" > report.md"
    environment = {
      REPORT = ephemeral.coc_script_order.rollout.report_markdown
      LOGS = join("\n", [
        for i, failed in coalesce(ephemeral.coc_script_order.rollout.failed_instances, []) :
        "${failed.host_name}:\n${coalesce(failed.log, "-")}\n" if i < 100
      ])
    }
  }
}
