# Closed unless at least twelve tasks run and none is abnormal when this is applied.
ephemeral "roma_fdi_task_statistics" "switch" {
  provider          = hwgate
  instance_id       = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
  min_running_count = 12
  require_success   = terraform.applying
}

resource "terraform_data" "next_layer" {
  depends_on = [ephemeral.roma_fdi_task_statistics.switch]
}
