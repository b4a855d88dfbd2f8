# A gate that shows the progress of the order.

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

action "coc_script_order" "verify" {
  provider = hwgate

  config {
    execute_uuid  = "SCT-progress"
    poll_interval = "1s"
  }
}
