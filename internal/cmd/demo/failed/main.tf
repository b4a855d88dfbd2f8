# A gate on the jobs of the day, one of which has failed.

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

data "dataarts_instance_status" "jobs" {
  provider = hwgate

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
