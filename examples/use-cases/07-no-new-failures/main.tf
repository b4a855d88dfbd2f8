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

variable "package" {
  type        = string
  description = "Version of the job package."
}

# Nothing is pending before it, so it is read in the plan: the baseline.
data "dataarts_instance_status" "before" {
  provider     = hwgate
  workspace_id = var.workspace_id
}

# Stands for the resource that deploys the job package and starts a run.
resource "terraform_data" "etl" {
  triggers_replace = var.package
}

# Read during apply, after the deployment. The total has to have grown: until then the new run has not started. So the gate stays
# closed for a plan without a new version, and over midnight, when the day's counts begin again. try() makes what cannot be known
# a no.
data "dataarts_instance_status" "after" {
  provider            = hwgate
  workspace_id        = var.workspace_id
  wait_for_completion = true
  depends_on          = [terraform_data.etl]

  lifecycle {
    postcondition {
      condition = try(
        self.completed &&
        self.total_count > data.dataarts_instance_status.before.total_count &&
        self.failed_count <= data.dataarts_instance_status.before.failed_count,
        false,
      )
      error_message = "New failures, or no new run: before: ${data.dataarts_instance_status.before.summary}; after: ${self.summary}"
    }
  }
}
