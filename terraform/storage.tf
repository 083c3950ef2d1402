# One bucket for what is deployed: the functions' folders and the capture host's archive. No captures, no secrets.
resource "google_storage_bucket" "source" {
  name                        = "${var.project}-${var.prefix}-source"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      num_newer_versions = 5
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = toset(["sensor", "build"])

  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.this[each.key].member
}

resource "google_storage_bucket_object" "sensor" {
  # The name says what is in it, so that a new archive is a new object, and an old one can be gone back to.
  name   = "sensor/${filesha256(var.sensor_archive)}.tar.gz"
  bucket = google_storage_bucket.source.name
  source = var.sensor_archive
}
