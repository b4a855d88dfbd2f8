# Waits for the order, and ends the run if it did not succeed.
data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = "SCT2023083109562601af694bf"
  wait_for_completion = true

  timeouts {
    read = "20m"
  }

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

# Created only behind the open gate.
resource "terraform_data" "next_layer" {
  depends_on = [data.coc_script_order.migrate]
}
