terraform {
  required_version = ">= 1.5"
  required_providers {
    huaweicloud = { source = "huaweicloud/huaweicloud" }
    hwgate      = { source = "hwgate/hwgate" }
  }
}

# Both providers read the same keys from HW_ACCESS_KEY and HW_SECRET_KEY.
provider "huaweicloud" {
  region = "cn-north-4"
}

provider "hwgate" {
  region = "cn-north-4"
}

variable "script_id" {
  type        = string
  description = "Id of the COC script, such as huaweicloud_coc_script.migrate.id."
}

variable "instance_id" {
  type        = string
  description = "Id of the server that runs it, such as huaweicloud_compute_instance.db.id."
}

# Starts the script. Its id is that of the script order. An order that was canceled, or that still runs after ten minutes, is
# "Creation complete" here.
resource "huaweicloud_coc_script_execute" "migrate" {
  script_id    = var.script_id
  instance_id  = var.instance_id
  timeout      = 600
  execute_user = "root"

  parameters {
    name  = "target"
    value = "latest"
  }
}

# Read during apply, since the id is not known before.
data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = huaweicloud_coc_script_execute.migrate.id
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
