# Wait for the order, whatever its outcome ...
data "coc_script_order" "rollout" {
  provider            = hwgate
  execute_uuid        = "SCT2023083109562601af694bf"
  wait_for_completion = true
}

# ... and accept it when all instances ended, 95 % of them well, and none of the first batch failed.
data "coc_script_order_statistics" "rollout" {
  provider     = hwgate
  execute_uuid = data.coc_script_order.rollout.execute_uuid

  lifecycle {
    postcondition {
      condition     = self.completed && self.success_rate >= 95 && !contains(self.failed_batch_indexes, 1)
      error_message = self.summary
    }
  }
}
