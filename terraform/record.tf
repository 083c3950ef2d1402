# The flight recorder of the capture host, and the bucket that outlives it: packets behind alerts, for as long as said
# (docs/flight-recorder.md). The host looks into the database for alerts, and may only add to the bucket; it deletes nothing there.
locals {
  record_folder = "/var/lib/tapline/record"
  record_bucket = "${var.project}-${var.prefix}-record"

  record_options = var.record == null ? "" : join(" ", [
    "--record ${local.record_folder}", "--record-size ${var.record.size}", "--mark-alerts",
    "--record-bucket gs://${local.record_bucket}/${var.prefix}",
  ])

  # The database's login for the capture host: a role that may only read is enough.
  record_secrets = var.record == null ? {} : merge(
    { password = coalesce(var.record.password_secret, var.cassandra_password_secret) },
    var.astra_bundle_secret == null ? {} : { bundle = var.astra_bundle_secret },
  )
}

resource "google_storage_bucket" "record" {
  count = var.record == null ? 0 : 1

  name                        = local.record_bucket
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect

  # Packets are kept so long and no longer. No versions: what is written is never changed.
  lifecycle_rule {
    condition {
      age = var.record.keep_days
    }
    action {
      type = "Delete"
    }
  }

  # What somebody deleted by mistake can be had back for a week.
  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  dynamic "encryption" {
    for_each = var.record.kms_key == null ? [] : [var.record.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_project_service.api]
}

# To make objects, and to see whether one that is there is its own. Neither role can delete or replace one.
resource "google_storage_bucket_iam_member" "recorder" {
  for_each = toset(var.record == null ? [] : ["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.record[0].name
  role   = each.value
  member = google_service_account.this["sensor"].member
}

# Whoever exports packets: tapline export --from-bucket.
resource "google_storage_bucket_iam_member" "record_reader" {
  for_each = toset(try(var.record.readers, []))

  bucket = google_storage_bucket.record[0].name
  role   = "roles/storage.objectViewer"
  member = each.value
}

resource "google_secret_manager_secret_iam_member" "recorder" {
  for_each = local.record_secrets

  project   = var.project
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this["sensor"].member

  depends_on = [google_project_service.api]
}

resource "google_compute_firewall" "to_database" {
  count = length(module.policy.source_ranges.database) > 0 ? 1 : 0

  name        = "${var.prefix}-to-database"
  network     = google_compute_network.main.id
  description = "The recorder asks the database for alerts."
  direction   = "EGRESS"
  priority    = 900

  destination_ranges      = module.policy.source_ranges.database
  target_service_accounts = [google_service_account.this["sensor"].email]

  allow {
    protocol = "tcp"
    ports    = var.record.database.ports
  }
}

resource "google_compute_network_firewall_policy_rule" "database" {
  count = length(try(var.record.database.hosts, [])) > 0 ? 1 : 0

  firewall_policy         = google_compute_network_firewall_policy.packages.name
  rule_name               = "database"
  description             = "The recorder asks the database for alerts"
  priority                = 1001
  direction               = "EGRESS"
  action                  = "allow"
  enable_logging          = true
  target_service_accounts = [google_service_account.this["sensor"].email]

  match {
    dest_fqdns = var.record.database.hosts

    layer4_configs {
      ip_protocol = "tcp"
      ports       = var.record.database.ports
    }
  }
}
