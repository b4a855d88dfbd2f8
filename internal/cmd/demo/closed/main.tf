# A rollout that goes on only if the script order before it worked.

terraform {
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "server" {
  type        = string
  description = "Address of the server that plays the recordings."
}

provider "hwgate" {
  region     = "cn-north-4"
  access_key = "DEMOACCESSKEY"
  secret_key = "demo-secret-key"
  endpoints  = { coc = var.server }
}

data "coc_script_order" "migrate" {
  provider            = hwgate
  execute_uuid        = "SCT2023102211473xxxxxxxxxx"
  wait_for_completion = true

  lifecycle {
    postcondition {
      condition     = self.succeeded
      error_message = self.summary
    }
  }
}

# Stands for the next layer of the rollout.
resource "terraform_data" "next_layer" {
  depends_on = [data.coc_script_order.migrate]
}
