# The four functions: gen2, a service account each, internal but for the report, and never more instances than said.
locals {
  astra_mount = "/etc/tapline"

  function_environment = merge(
    {
      GOOGLE_CLOUD_PROJECT             = var.project
      TAPLINE_TOPIC_PREFIX             = var.prefix
      TAPLINE_BIGTABLE_INSTANCE        = google_bigtable_instance.main.name
      TAPLINE_BIGTABLE_TABLE           = google_bigtable_table.windows.name
      TAPLINE_CASSANDRA_CONTACT_POINTS = join(",", var.cassandra.contact_points)
      TAPLINE_CASSANDRA_DATACENTER     = var.cassandra.datacenter
      TAPLINE_CASSANDRA_KEYSPACE       = var.cassandra.keyspace
      TAPLINE_CASSANDRA_USERNAME       = var.cassandra.username
      TAPLINE_ASTRA_BUNDLE             = var.astra_bundle_secret == null ? "" : "${local.astra_mount}/bundle.zip"
      TAPLINE_SENSORS                  = module.policy.sensors
      TAPLINE_RAW_SENSOR               = var.sensors[0]
    },
    var.settings,
  )

  # After the settings, so that none of them can switch it off. Who may call the function (below) hangs on the same condition.
  report_environment = var.sign_in == null ? {} : {
    TAPLINE_AUTH             = "firebase"
    TAPLINE_FIREBASE_PROJECT = coalesce(var.sign_in.project, var.project)
    TAPLINE_FIREBASE_API_KEY = var.sign_in.api_key
  }
}

# npm run build makes the folders; nothing is built here.
data "archive_file" "function" {
  for_each = module.policy.functions

  type        = "zip"
  source_dir  = "${path.module}/../functions/dist/${each.key}"
  output_path = "${path.module}/build/${each.key}.zip"
  excludes    = ["node_modules"]
}

resource "google_storage_bucket_object" "function" {
  for_each = module.policy.functions

  # A new name for new code: that is what makes Terraform deploy it.
  name   = "functions/${each.key}-${data.archive_file.function[each.key].output_sha256}.zip"
  bucket = google_storage_bucket.source.name
  source = data.archive_file.function[each.key].output_path
}

resource "google_artifact_registry_repository" "functions" {
  repository_id = "${var.prefix}-functions"
  location      = var.region
  format        = "DOCKER"
  description   = "Images that Cloud Build makes of the functions"

  cleanup_policies {
    id     = "keep-five"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.api]
}

resource "google_artifact_registry_repository_iam_member" "build" {
  location   = var.region
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.this["build"].member
}

resource "google_cloudfunctions2_function" "this" {
  for_each = module.policy.functions

  name        = "${var.prefix}-${each.key}"
  location    = var.region
  description = "Tapline: ${each.key} (docs/line.md)"

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.key
    docker_repository = google_artifact_registry_repository.functions.id
    service_account   = google_service_account.this["build"].name

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.function[each.key].name
      }
    }
  }

  service_config {
    service_account_email          = google_service_account.this[each.key].email
    ingress_settings               = each.value.is_public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision = true

    # More than one request at a time needs a whole processor.
    available_cpu                    = "1"
    available_memory                 = var.function_limits[each.key].memory
    max_instance_request_concurrency = var.function_limits[each.key].concurrency
    min_instance_count               = 0
    max_instance_count               = var.function_limits[each.key].instances
    timeout_seconds                  = 60

    vpc_connector                 = var.cassandra_in_network ? google_vpc_access_connector.functions[0].id : null
    vpc_connector_egress_settings = var.cassandra_in_network ? "PRIVATE_RANGES_ONLY" : null

    environment_variables = merge(local.function_environment, each.key == "report" ? local.report_environment : {})

    secret_environment_variables {
      key        = "TAPLINE_CASSANDRA_PASSWORD"
      project_id = var.project
      secret     = var.cassandra_password_secret
      version    = "latest"
    }

    dynamic "secret_volumes" {
      for_each = var.astra_bundle_secret == null ? [] : [var.astra_bundle_secret]
      content {
        mount_path = local.astra_mount
        project_id = var.project
        secret     = secret_volumes.value
        versions {
          version = "latest"
          path    = "bundle.zip"
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_iam_member.function,
    google_storage_bucket_iam_member.reader,
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.account,
  ]
}

# Who may call what. A gen2 function is a service of Cloud Run under the same name.
resource "google_cloud_run_v2_service_iam_member" "push" {
  for_each = toset([for push in values(module.policy.pushes) : push.function])

  location = var.region
  name     = google_cloudfunctions2_function.this[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.this["push"].member
}

resource "google_cloud_run_v2_service_iam_member" "sweep" {
  location = var.region
  name     = google_cloudfunctions2_function.this["window"].name
  role     = "roles/run.invoker"
  member   = google_service_account.this["sweep"].member
}

resource "google_cloud_run_v2_service_iam_member" "report" {
  for_each = toset(var.report_readers)

  location = var.region
  name     = google_cloudfunctions2_function.this["report"].name
  role     = "roles/run.invoker"
  member   = each.value
}

# Firebase Hosting cannot sign requests, so behind it the service answers everybody, and the function itself asks who reads.
resource "google_cloud_run_v2_service_iam_member" "report_with_sign_in" {
  count = var.sign_in == null ? 0 : 1

  location = var.region
  name     = google_cloudfunctions2_function.this["report"].name
  role     = "roles/run.invoker"
  member   = "allUsers"

  lifecycle {
    precondition {
      condition     = google_cloudfunctions2_function.this["report"].service_config[0].environment_variables["TAPLINE_AUTH"] == "firebase"
      error_message = "The report function asks nobody to sign in: it must not be opened to everybody."
    }
  }
}
