run "migrate" {
  command = plan

  assert {
    condition     = data.coc_script_order.migrate.succeeded
    error_message = data.coc_script_order.migrate.summary
  }
}
