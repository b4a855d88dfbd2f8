# The runs of my job since my deployment have to succeed. Terraform waits for the first one to come and to end.
data "dataarts_instance_status" "etl_orders" {
  provider            = hwgate
  workspace_id        = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
  job_name            = "etl_orders"
  since               = "2h" # or the time of the deployment: use case 15 keeps it
  wait_for_completion = true
  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
