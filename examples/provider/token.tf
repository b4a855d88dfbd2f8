terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "token" {
  type      = string
  sensitive = true
}

# An IAM token for the project of the region. It is used until it expires, 24 hours after it was issued.
provider "hwgate" {
  region = "cn-north-4"
  token  = var.token
}
