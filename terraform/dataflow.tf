# The distributed path, for those who outgrow one host: a streaming flex template of dataflow-templates/ (bridge or kpis), on
# private workers that need not reach each other.
resource "google_storage_bucket" "dataflow" {
  count = var.dataflow == null ? 0 : 1

  name                        = "${var.project}-${var.prefix}-dataflow"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect

  # Only what a job stages and forgets.
  lifecycle_rule {
    condition {
      age = 14
    }
    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket_iam_member" "dataflow" {
  count = var.dataflow == null ? 0 : 1

  bucket = google_storage_bucket.dataflow[0].name
  role   = "roles/storage.objectUser"
  member = google_service_account.this["dataflow"].member
}

resource "google_dataflow_flex_template_job" "line" {
  count    = var.dataflow == null ? 0 : 1
  provider = google-beta

  name                    = "${var.prefix}-line"
  region                  = var.region
  container_spec_gcs_path = var.dataflow.template
  parameters              = var.dataflow.parameters
  service_account_email   = google_service_account.this["dataflow"].email
  network                 = google_compute_network.main.name
  subnetwork              = "regions/${var.region}/subnetworks/${google_compute_subnetwork.main.name}"
  ip_configuration        = "WORKER_IP_PRIVATE"
  temp_location           = "gs://${google_storage_bucket.dataflow[0].name}/temp"
  staging_location        = "gs://${google_storage_bucket.dataflow[0].name}/staging"
  max_workers             = var.dataflow.max_workers
  enable_streaming_engine = true
  on_delete               = "drain"

  depends_on = [google_project_iam_member.account, google_storage_bucket_iam_member.dataflow]
}
