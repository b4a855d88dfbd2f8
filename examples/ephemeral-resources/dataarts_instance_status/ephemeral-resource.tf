# Closed unless the runs of the job in the last day succeeded.
ephemeral "dataarts_instance_status" "nightly" {
  provider        = hwgate
  workspace_id    = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
  job_name        = "etl_orders"
  since           = "24h"
  require_success = terraform.applying
}

resource "terraform_data" "report" {
  depends_on = [ephemeral.dataarts_instance_status.nightly]
}
