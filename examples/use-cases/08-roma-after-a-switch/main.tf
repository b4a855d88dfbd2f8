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

variable "instance_id" {
  type        = string
  description = "Id of the ROMA Connect instance."
}

# Tasks need a while to start, and one that has just started may still become abnormal.
data "roma_fdi_task_statistics" "switch" {
  provider           = hwgate
  instance_id        = var.instance_id
  wait_until_healthy = true
  min_running_count  = 12
  stable_for         = "3m"

  timeouts {
    read = "10m"
  }

  lifecycle {
    postcondition {
      condition     = self.healthy
      error_message = self.summary
    }
  }
}

# Stands for what moves the traffic.
resource "terraform_data" "traffic" {
  depends_on = [data.roma_fdi_task_statistics.switch]
}
