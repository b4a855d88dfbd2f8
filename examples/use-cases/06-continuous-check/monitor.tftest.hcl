# `terraform test` (Terraform and OpenTofu >= 1.6) fails where a plan only warns.
run "yesterday" {
  command = plan
}
