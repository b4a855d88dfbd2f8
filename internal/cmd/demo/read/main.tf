# Five data sources, read from the examples of the API's documentation.

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
  endpoints = {
    coc      = var.server
    dataarts = var.server
    roma     = var.server
  }
}

data "coc_script_order" "demo" {
  provider            = hwgate
  execute_uuid        = "SCT2023102211473xxxxxxxxxx"
  wait_for_completion = true
}

data "coc_script_order_statistics" "demo" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.demo.execute_uuid
}

data "coc_script_order_batch" "demo" {
  provider     = hwgate
  execute_uuid = data.coc_script_order_statistics.demo.execute_uuid
  batch_index  = one(data.coc_script_order_statistics.demo.failed_batch_indexes)
}

data "dataarts_instance_status" "demo" {
  provider   = hwgate
  project_id = "b384b9e9ab9b4ee8994c8633aabc9505"
  is_own     = false
  query_days = "today"
}

data "roma_fdi_task_statistics" "demo" {
  provider    = hwgate
  project_id  = "c53626012ba84727b938ca8bf03108ef"
  instance_id = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
}

output "coc_script_order" {
  value = {
    outcome = data.coc_script_order.demo.outcome
    summary = data.coc_script_order.demo.summary
    values = {
      status           = data.coc_script_order.demo.status
      creator          = data.coc_script_order.demo.creator
      finished_at      = data.coc_script_order.demo.finished_at
      duration_seconds = data.coc_script_order.demo.duration_seconds
      failed_hosts     = join(", ", data.coc_script_order.demo.failed_hosts)
    }
  }
}

output "coc_script_order_statistics" {
  value = {
    outcome = data.coc_script_order_statistics.demo.outcome
    summary = data.coc_script_order_statistics.demo.summary
    values = {
      total_instance       = data.coc_script_order_statistics.demo.total_instance
      failed_count         = data.coc_script_order_statistics.demo.failed_count
      success_rate         = data.coc_script_order_statistics.demo.success_rate
      failed_batch_indexes = join(", ", data.coc_script_order_statistics.demo.failed_batch_indexes)
    }
  }
}

output "coc_script_order_batch" {
  value = {
    outcome = data.coc_script_order_batch.demo.outcome
    summary = data.coc_script_order_batch.demo.summary
    values = {
      total_instances = data.coc_script_order_batch.demo.total_instances
      failed_hosts    = join(", ", data.coc_script_order_batch.demo.failed_hosts)
    }
  }
}

output "dataarts_instance_status" {
  value = {
    outcome = data.dataarts_instance_status.demo.outcome
    summary = data.dataarts_instance_status.demo.summary
    values = {
      success_count = data.dataarts_instance_status.demo.success_count
      failed_count  = data.dataarts_instance_status.demo.failed_count
      total_count   = data.dataarts_instance_status.demo.total_count
    }
  }
}

output "roma_fdi_task_statistics" {
  value = {
    outcome = data.roma_fdi_task_statistics.demo.outcome
    summary = data.roma_fdi_task_statistics.demo.summary
    values = {
      running_count  = data.roma_fdi_task_statistics.demo.running_count
      abnormal_count = data.roma_fdi_task_statistics.demo.abnormal_count
      total_count    = data.roma_fdi_task_statistics.demo.total_count
    }
  }
}
