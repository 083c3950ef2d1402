# The timer: windows that waited long enough, sensors that are silent, alerts that became final (functions/src/entry/on-control.ts).
resource "google_cloud_scheduler_job" "sweep" {
  name             = "${var.prefix}-sweep"
  region           = var.region
  description      = "Asks the window function to look after what no message brings"
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    # The next minute's call does the same.
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.this["window"].service_config[0].uri
    body        = base64encode(jsonencode({ sweep = true }))
    headers     = { "Content-Type" = "application/json" }

    oidc_token {
      service_account_email = google_service_account.this["sweep"].email
      audience              = google_cloudfunctions2_function.this["window"].service_config[0].uri
    }
  }

  depends_on = [google_project_service.api]
}
