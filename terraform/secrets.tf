# Who may read the database's password and bundle. The secrets are made by hand (docs/deploy.md), so that no value is ever
# in a plan or in the state; here is only who may use them.
locals {
  secrets = merge(
    { password = var.cassandra_password_secret },
    var.astra_bundle_secret == null ? {} : { bundle = var.astra_bundle_secret },
  )

  secret_readers = { for pair in setproduct(keys(module.policy.functions), keys(local.secrets)) :
    "${pair[0]}/${pair[1]}" => { function = pair[0], secret = local.secrets[pair[1]] }
  }
}

resource "google_secret_manager_secret_iam_member" "function" {
  for_each = local.secret_readers

  project   = var.project
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this[each.value.function].member

  depends_on = [google_project_service.api]
}
