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

variable "workspace_id" {
  type        = string
  description = "Id of the DataArts Studio workspace."
}

# An alarm, not a gate: a failed check is a warning, and the exit code stays 0.
check "dataarts_yesterday" {
  data "dataarts_instance_status" "yesterday" {
    provider     = hwgate
    workspace_id = var.workspace_id
    query_days   = "yesterday" # a closed window: it cannot change under the check
  }

  assert {
    condition     = data.dataarts_instance_status.yesterday.succeeded
    error_message = data.dataarts_instance_status.yesterday.summary
  }
}
