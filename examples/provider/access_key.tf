terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

variable "access_key" {
  type      = string
  sensitive = true
}

variable "secret_key" {
  type      = string
  sensitive = true
}

provider "hwgate" {
  region     = "cn-north-4"
  access_key = var.access_key
  secret_key = var.secret_key
}
