# Mocks the provider: every read is a success. Copy the block into your own tests, and add other attributes that you use. It sets only
# flat attributes and maps, since Terraform and OpenTofu expect different defaults for nested ones.
mock_provider "hwgate" {
  mock_data "coc_script_order" {
    defaults = {
      status           = "FINISHED"
      outcome          = "succeeded"
      succeeded        = true
      completed        = true
      exists           = true
      timed_out        = false
      summary          = "COC script order: succeeded (mocked)"
      report_markdown  = "COC script order: succeeded (mocked)"
      duration_seconds = 60
      counts = {
        READY      = 0
        PROCESSING = 0
        ABNORMAL   = 0
        CANCELED   = 0
        FINISHED   = 5
        ROLLBACKED = 0
      }
    }
  }

  mock_data "coc_script_order_statistics" {
    defaults = {
      outcome          = "succeeded"
      succeeded        = true
      completed        = true
      exists           = true
      summary          = "Instances of COC script order: succeeded (mocked)"
      report_markdown  = "Instances of COC script order: succeeded (mocked)"
      total_instance   = 5
      finished_count   = 5
      failed_count     = 0
      canceled_count   = 0
      unfinished_count = 0
      success_rate     = 100
      counts = {
        READY      = 0
        PROCESSING = 0
        ABNORMAL   = 0
        CANCELED   = 0
        FINISHED   = 5
        ROLLBACKED = 0
      }
    }
  }

  mock_data "coc_script_order_batch" {
    defaults = {
      outcome          = "succeeded"
      succeeded        = true
      completed        = true
      exists           = true
      summary          = "Batch of COC script order: succeeded (mocked)"
      report_markdown  = "Batch of COC script order: succeeded (mocked)"
      total_instances  = 5
      finished_count   = 5
      failed_count     = 0
      canceled_count   = 0
      unfinished_count = 0
      success_rate     = 100
      counts = {
        READY      = 0
        PROCESSING = 0
        ABNORMAL   = 0
        CANCELED   = 0
        FINISHED   = 5
        ROLLBACKED = 0
      }
    }
  }

  mock_data "dataarts_instance_status" {
    defaults = {
      outcome                 = "succeeded"
      succeeded               = true
      completed               = true
      timed_out               = false
      summary                 = "DataArts job instances: succeeded (mocked)"
      report_markdown         = "DataArts job instances: succeeded (mocked)"
      fail_count              = 0
      force_success_count     = 0
      freeze_count            = 0
      ignore_success_count    = 0
      manual_stop_count       = 0
      pause_count             = 0
      running_count           = 0
      running_exception_count = 0
      skip_count              = 0
      success_count           = 5
      waiting_confirm_count   = 0
      waiting_count           = 0
      total_count             = 5
      failed_count            = 0
      unfinished_count        = 0
      overridden_count        = 0
      new_count               = 5
      new_failed_count        = 0
      counts = {
        fail              = 0
        force_success     = 0
        freeze            = 0
        ignore_success    = 0
        manual_stop       = 0
        pause             = 0
        running           = 0
        running_exception = 0
        skip              = 0
        success           = 5
        waiting_confirm   = 0
        waiting           = 0
      }
    }
  }

  mock_data "roma_fdi_task_statistics" {
    defaults = {
      outcome          = "succeeded"
      succeeded        = true
      healthy          = true
      timed_out        = false
      summary          = "FDI tasks of ROMA Connect instance: succeeded (mocked)"
      report_markdown  = "FDI tasks of ROMA Connect instance: succeeded (mocked)"
      running_count    = 0
      abnormal_count   = 0
      terminated_count = 0
      completed_count  = 5
      total_count      = 5
      counts = {
        running    = 0
        abnormal   = 0
        terminated = 0
        completed  = 5
      }
    }
  }
}

variables {
  order_id = "SCT2023083109562601af694bf"
}

run "the_gate_opens" {
  assert {
    condition     = data.coc_script_order.migrate.succeeded && terraform_data.next_layer.id != ""
    error_message = "The next layer has to be created behind an open gate."
  }
}

run "the_gate_closes" {
  command = plan

  override_data {
    target = data.coc_script_order.migrate
    values = {
      status    = "ABNORMAL"
      outcome   = "failed"
      succeeded = false
      summary   = "COC script order: failed (mocked)"
    }
  }

  expect_failures = [data.coc_script_order.migrate]
}
