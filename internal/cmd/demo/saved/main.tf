# A gate that looks again when a saved plan is applied.

terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "server" {
  type        = string
  description = "Address of the server that plays the services."
}

provider "hwgate" {
  region     = "cn-north-4"
  access_key = "DEMOACCESSKEY"
  secret_key = "demo-secret-key"
  project_id = "b384b9e9ab9b4ee8994c8633aabc9505"
  endpoints  = { coc = var.server }
}

ephemeral "coc_script_order" "migrate" {
  provider        = hwgate
  execute_uuid    = "SCT-saved-plan"
  require_success = terraform.applying
}

# Stands for the next layer of the rollout.
resource "terraform_data" "next_layer" {
  depends_on = [ephemeral.coc_script_order.migrate]
}
