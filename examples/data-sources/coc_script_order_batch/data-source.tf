# Never use coalesce() in a gate: counts that are not known are null, and it makes them an empty list. In a report, that is right. This one
# reads the order, its statistics, and each batch with a failed instance.
data "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = "SCT2023083109562601af694bf"
  wait_for_completion = true
}

data "coc_script_order_statistics" "rollout" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.rollout.execute_uuid
}

data "coc_script_order_batch" "failed" {
  provider       = hwgate
  for_each       = toset([for index in coalesce(data.coc_script_order_statistics.rollout.failed_batch_indexes, []) : tostring(index)])
  execute_uuid   = data.coc_script_order_statistics.rollout.execute_uuid
  batch_index    = tonumber(each.key)
  log_tail_bytes = 2048
}

output "failed_hosts" {
  value = flatten([for batch in data.coc_script_order_batch.failed : coalesce(batch.failed_hosts, [])])
}

# The first batch is a canary: all of its instances must succeed.
data "coc_script_order_batch" "canary" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.rollout.execute_uuid
  batch_index  = 1

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
