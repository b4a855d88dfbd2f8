# Waits for the order, shows progress, and fails if it did not succeed. By itself:
#   terraform apply -invoke=action.coc_script_order.migrate
action "coc_script_order" "migrate" {
  provider = hwgate

  config {
    execute_uuid = "SCT2023083109562601af694bf"

    timeouts {
      invoke = "20m"
    }
  }
}

# As a gate it runs before what comes next: before_create and before_update, never after_create. It runs again only for a change, such as
# another order.
resource "terraform_data" "next_layer" {
  input = "SCT2023083109562601af694bf"

  lifecycle {
    action_trigger {
      events  = [before_create, before_update]
      actions = [action.coc_script_order.migrate]
    }
  }
}
