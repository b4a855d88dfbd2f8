# Integration tasks run for ever: the gate asks for health, and for enough tasks that capture changes.
data "roma_fdi_task_statistics" "switch" {
  provider    = hwgate
  instance_id = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"

  lifecycle {
    postcondition {
      condition     = self.healthy && try(self.cdc_task_details.running_tasks_count >= 12, false)
      error_message = self.summary
    }
  }
}
