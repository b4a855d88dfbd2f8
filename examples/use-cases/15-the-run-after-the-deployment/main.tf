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

variable "gate" {
  type        = bool
  default     = true
  description = "Whether to judge the runs since the deployment. A month after it they are no longer listed, and the gate is an error."
}

# Stands for the resource that deploys the job package.
resource "terraform_data" "etl" {
  triggers_replace = var.package
}

# The time of the deployment, which is kept until the next version. What starts a run must depend on it.
resource "terraform_data" "deployed" {
  input            = timestamp()
  triggers_replace = [var.package, terraform_data.etl.id]

  lifecycle {
    ignore_changes = [input]
  }
}

# Read during apply, after the deployment. It waits until a run of the job has begun since then, and until none is left that has not ended.
data "dataarts_instance_status" "run" {
  count               = var.gate ? 1 : 0
  provider            = hwgate
  workspace_id        = var.workspace_id
  job_name            = "etl_orders"
  since               = terraform_data.deployed.output
  wait_for_completion = true

  timeouts {
    read = "2h"
  }

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

# The next layer of the rollout. A replacement in its place would destroy the old one before the gate is asked.
resource "terraform_data" "next_layer" {
  input      = var.package
  depends_on = [data.dataarts_instance_status.run]
}
