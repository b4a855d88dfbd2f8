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
  description = "Whether to judge the deployment. Its day's counts end at midnight: later the baseline cannot be compared, and the gate is closed."
}

# Nothing is pending before it, so it is read in the plan, before the deployment ...
data "dataarts_instance_status" "before" {
  provider     = hwgate
  workspace_id = var.workspace_id
}

# ... and its counts are kept until the next version, so that a later plan compares with the same baseline.
resource "terraform_data" "baseline" {
  input            = data.dataarts_instance_status.before.counts
  triggers_replace = var.package

  lifecycle {
    ignore_changes = [input]
  }
}

# Stands for the resource that deploys the job package and starts a run.
resource "terraform_data" "etl" {
  triggers_replace = var.package
  depends_on       = [terraform_data.baseline]
}

# Read during apply, after the deployment. It waits until a new instance is counted and nothing runs any more, and until that has lasted:
# a run that has only just started may not be counted yet. A baseline that could not be read is null; the empty map makes it `unknown`.
data "dataarts_instance_status" "after" {
  count               = var.gate ? 1 : 0
  provider            = hwgate
  workspace_id        = var.workspace_id
  wait_for_completion = true
  stable_for          = "1m"
  baseline_counts     = coalesce(terraform_data.baseline.output, {})
  min_new_count       = 1
  depends_on          = [terraform_data.etl]

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
