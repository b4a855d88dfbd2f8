# Waits until nothing has run for three minutes. One failed instance closes the gate.
action "dataarts_instance_status" "deployment" {
  provider = hwgate

  config {
    workspace_id = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
    stable_for   = "3m"

    timeouts {
      invoke = "1h"
    }
  }
}

# The action runs before this is created or updated. It runs again only for a change, such as another version.
resource "terraform_data" "next_layer" {
  input = "1.0.0"

  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.dataarts_instance_status.deployment]
    }
  }
}
