# The first batch is a canary. The logs of its hosts are read, but not kept.
ephemeral "coc_script_order_batch" "canary" {
  provider        = hwgate
  execute_uuid    = "SCT2023083109562601af694bf"
  batch_index     = 1
  require_success = terraform.applying
}

resource "terraform_data" "all_other_batches" {
  depends_on = [ephemeral.coc_script_order_batch.canary]
}
