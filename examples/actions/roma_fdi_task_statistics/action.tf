# Waits until at least twelve tasks have run for three minutes without an abnormal one.
action "roma_fdi_task_statistics" "switch" {
  provider = hwgate

  config {
    instance_id       = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
    min_running_count = 12
    stable_for        = "3m"

    timeouts {
      invoke = "10m"
    }
  }
}

# The action runs before this is created or updated. It runs again only for a change, such as another version.
resource "terraform_data" "next_layer" {
  input = "1.0.0"

  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.roma_fdi_task_statistics.switch]
    }
  }
}
