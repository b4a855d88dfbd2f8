# A rollout that goes on only if the jobs of the day went well.

terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "server" {
  type        = string
  description = "Address of the server that plays the recordings."
}

provider "hwgate" {
  region     = "cn-north-4"
  access_key = "DEMOACCESSKEY"
  secret_key = "demo-secret-key"
  endpoints  = { dataarts = var.server }
}

data "dataarts_instance_status" "jobs" {
  provider   = hwgate
  project_id = "b384b9e9ab9b4ee8994c8633aabc9505"
  is_own     = false
  query_days = "today"

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

# Stands for the next layer of the rollout.
resource "terraform_data" "next_layer" {
  depends_on = [data.dataarts_instance_status.jobs]
}
