# All instances of the order must have succeeded when this is applied.
ephemeral "coc_script_order_statistics" "rollout" {
  provider        = hwgate
  execute_uuid    = "SCT2023083109562601af694bf"
  require_success = terraform.applying
}

resource "terraform_data" "next_layer" {
  depends_on = [ephemeral.coc_script_order_statistics.rollout]
}
