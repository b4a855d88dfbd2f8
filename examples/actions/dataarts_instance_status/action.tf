# Waits until a run of the job has come and ended since an hour before. One failed run closes the gate.
action "dataarts_instance_status" "deployment" {
  provider = hwgate

  config {
    workspace_id = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
    job_name     = "etl_orders"
    since        = "1h"

    timeouts {
      invoke = "1h"
    }
  }
}

resource "terraform_data" "next_layer" {
  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.dataarts_instance_status.deployment]
    }
  }
}
