# Window state. Families and rules for garbage as in adapters/bigtable/table.ts; test/terraform compares them.
locals {
  bigtable_table    = "windows"
  bigtable_families = ["partials", "counts", "announced", "emitted", "changed", "waiting", "ready"]
}

resource "google_bigtable_instance" "main" {
  name                = var.prefix
  display_name        = "Tapline window state"
  deletion_protection = var.protect

  cluster {
    cluster_id   = "${var.prefix}-1"
    zone         = var.zone
    storage_type = "SSD"

    autoscaling_config {
      min_nodes  = var.bigtable_nodes.least
      max_nodes  = var.bigtable_nodes.most
      cpu_target = 60
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_bigtable_table" "windows" {
  name                = local.bigtable_table
  instance_name       = google_bigtable_instance.main.name
  deletion_protection = var.protect ? "PROTECTED" : "UNPROTECTED"

  dynamic "column_family" {
    for_each = local.bigtable_families
    content {
      family = column_family.value
    }
  }
}

# A cell's age is that of its arrival: a capture of years ago is as young as its replay.
resource "google_bigtable_gc_policy" "week" {
  for_each = toset(local.bigtable_families)

  instance_name = google_bigtable_instance.main.name
  table         = google_bigtable_table.windows.name
  column_family = each.value

  gc_rules = jsonencode({
    mode  = "union"
    rules = [{ max_age = "168h" }, { max_version = 1 }]
  })
}

resource "google_bigtable_table_iam_member" "function" {
  for_each = { for name, function in module.policy.functions : name => function if function.state }

  instance_name = google_bigtable_instance.main.name
  table         = google_bigtable_table.windows.name
  role          = "roles/bigtable.user"
  member        = google_service_account.this[each.key].member
}
