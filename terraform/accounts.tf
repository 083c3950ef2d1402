# One account for each thing that runs, with the rights of the table in modules/policy and no keys: nobody has to hold one.
resource "google_service_account" "this" {
  for_each = module.policy.accounts

  account_id   = module.policy.account_ids[each.key]
  display_name = "Tapline: ${each.value.purpose}"

  depends_on = [google_project_service.api]
}

resource "google_project_iam_member" "account" {
  for_each = module.policy.project_roles

  project = var.project
  role    = each.value.role
  member  = google_service_account.this[each.value.account].member
}

# People, to log in on the capture host and nowhere else.
resource "google_compute_instance_iam_member" "operator" {
  for_each = toset(var.operators)

  zone          = var.zone
  instance_name = google_compute_instance.capture.name
  role          = "roles/compute.osLogin"
  member        = each.value
}

resource "google_iap_tunnel_instance_iam_member" "operator" {
  for_each = toset(var.operators)

  zone     = var.zone
  instance = google_compute_instance.capture.name
  role     = "roles/iap.tunnelResourceAccessor"
  member   = each.value
}

# Whoever logs in on a host acts as the host's account.
resource "google_service_account_iam_member" "operator" {
  for_each = toset(var.operators)

  service_account_id = google_service_account.this["sensor"].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
