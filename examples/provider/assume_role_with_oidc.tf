terraform {
  required_version = ">= 1.5"
  required_providers {
    hwgate = { source = "hwgate/hwgate" }
  }
}

# GitLab CI: the job has "id_tokens: { HW_ASSUME_ROLE_ID_TOKEN: { aud: hwgate } }", which puts the token into the environment.
# GitHub Actions: a step requests the token and writes it to a file that id_token_file names.
provider "hwgate" {
  region = "cn-north-4"

  assume_role_with_oidc {
    agency_name = "status-reader"
    domain_id   = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
    idp_id      = "gitlab"
  }
}
