# A gate on one job of the same workspace, which has run with success since the deployment.

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
  endpoints  = { dataarts = var.server }
}

data "dataarts_instance_status" "etl_orders" {
  provider            = hwgate
  job_name            = "etl_orders"
  since               = "2h"
  wait_for_completion = true

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

output "summary" {
  value = data.dataarts_instance_status.etl_orders.summary
}
