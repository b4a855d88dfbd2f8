# Real-time integration tasks do not end, so the gate asks for health. It waits until at least twelve tasks have run for three minutes
# without an abnormal one.
data "roma_fdi_task_statistics" "switch" {
  provider           = hwgate
  instance_id        = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
  wait_until_healthy = true
  min_running_count  = 12
  stable_for         = "3m"

  timeouts {
    read = "10m"
  }

  lifecycle {
    postcondition {
      condition     = self.healthy
      error_message = self.summary
    }
  }
}
