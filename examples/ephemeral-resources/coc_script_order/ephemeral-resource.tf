# Terraform opens it at plan, where a bad result is a warning, and again at apply, where it is an error, also with a saved plan. A bad
# result does not block destroy. Nothing of the order is kept in plan or state.
ephemeral "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = "SCT2023083109562601af694bf"
  wait_for_completion = true
  require_success     = terraform.applying

  timeouts {
    open = "20m"
  }
}

# Created only behind the open gate.
resource "terraform_data" "next_layer" {
  depends_on = [ephemeral.coc_script_order.migrate]
}
