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

# try() makes what cannot be known a no.
data "roma_fdi_task_statistics" "switch" {
  provider    = hwgate
  instance_id = var.instance_id

  lifecycle {
    postcondition {
      condition     = try(self.cdc_task_details.abnormal_tasks_count == 0 && self.cdc_task_details.running_tasks_count >= 12, false)
      error_message = self.summary
    }
  }
}

# Stands for what moves the traffic.
resource "terraform_data" "traffic" {
  depends_on = [data.roma_fdi_task_statistics.switch]
}
