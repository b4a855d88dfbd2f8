# A switch of data integration tasks: the traffic moves when all of them run, and have done so for a while.

terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "server" {
  type        = string
  description = "Address of the server that plays the services."
}

provider "hwgate" {
  region     = "cn-north-4"
  access_key = "DEMOACCESSKEY"
  secret_key = "demo-secret-key"
  project_id = "b384b9e9ab9b4ee8994c8633aabc9505"
  endpoints  = { roma = var.server }
}

data "roma_fdi_task_statistics" "switch" {
  provider           = hwgate
  instance_id        = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
  wait_until_healthy = true
  min_running_count  = 12
  stable_for         = "2s"
  poll_interval      = "1s"

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

output "summary" {
  value = data.roma_fdi_task_statistics.switch.summary
}
