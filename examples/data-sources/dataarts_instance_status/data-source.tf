# Nothing may have failed yesterday.
data "dataarts_instance_status" "nightly" {
  provider     = hwgate
  workspace_id = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
  query_days   = "yesterday"

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}
