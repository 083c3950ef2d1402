/** The rules of the deployment: each holds of terraform/, and each finds the mistake that it is there for. */
import { describe, expect, it } from 'vitest';
import { parseDeployment, readDeployment } from '../helpers/terraform.ts';
import { RULES } from '../helpers/terraform-rules.ts';

const subscription = (inside: string): string => `resource "google_pubsub_subscription" "bad" {
  topic = "t"
  message_retention_duration = "604800s"
  expiration_policy { ttl = "" }
  push_config {
    push_endpoint = "https://example.org"
    oidc_token { service_account_email = "a@example.org" }
  }
  retry_policy { minimum_backoff = "10s" }
  dead_letter_policy { dead_letter_topic = "d" }
  ${inside}
}`;
const firewall = (inside: string): string => `resource "google_compute_firewall" "bad" {\n${inside}\n}`;
const deny =
  'resource "google_compute_firewall" "nothing_out" {\n direction = "EGRESS"\n deny { protocol = "all" }\n' +
  ' target_service_accounts = [for name in ["sensor", "bridge", "dataflow"] : local.emails[name]]\n}\n';
const member = (role: string, who = 'user:a@example.org'): string =>
  `resource "google_pubsub_topic_iam_member" "bad" {\n  role = "${role}"\n  member = "${who}"\n}`;
const without = (line: RegExp, source: string): string => source.replace(line, '');
const machine = `resource "google_compute_instance" "bad" {
  network_interface { subnetwork = "s" }
  shielded_instance_config { enable_secure_boot = true }
  deletion_protection = true
  metadata = { enable-oslogin = "TRUE", block-project-ssh-keys = "TRUE" }
}`;
const record = `resource "google_storage_bucket" "record" {
 uniform_bucket_level_access = true
 public_access_prevention = "enforced"
 force_destroy = "\${!var.protect}"
 lifecycle_rule {
  condition { age = "\${var.record.keep_days}" }
  action { type = "Delete" }
 }
 soft_delete_policy { retention_duration_seconds = 604800 }
 encryption { default_kms_key_name = "k" }
}`;
const recorder = `resource "google_storage_bucket_iam_member" "recorder" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])
  bucket = google_storage_bucket.record[0].name
  role   = each.value
  member = "serviceAccount:a"
}`;
const fn = `resource "google_cloudfunctions2_function" "bad" {
  build_config { runtime = "nodejs24" }
  service_config {
    max_instance_count = 1
    max_instance_request_concurrency = 1
    service_account_email = "a"
    timeout_seconds = 60
    ingress_settings = "ALLOW_INTERNAL_ONLY"
  }
}`;

const openReport = `resource "google_cloud_run_v2_service_iam_member" "open" {
  count = var.sign_in == null ? 0 : 1
  name = google_cloudfunctions2_function.this["report"].name
  role = "roles/run.invoker"
  member = "allUsers"
}\n`;
const signIn = 'locals {\n report_environment = var.sign_in == null ? {} : {\n TAPLINE_AUTH = "firebase"\n}\n}\n';
const wired =
  'locals {\n environment_variables = merge(local.function_environment, each.key == "report" ? local.report_environment : {})\n}\n';

/** By rule: examples that break it, each in one way. */
const BAD: Readonly<Record<string, readonly string[]>> = {
  'no range is open to everybody': [
    firewall('source_ranges = ["0.0.0.0/0"]'),
    firewall('source_ranges = ["::/0"]'),
    firewall('source_ranges = ["0.0.0.0/1"]'),
  ],
  'a firewall rule that lets in names from where, for whom and to which ports': [
    firewall('target_service_accounts = ["a"]\n allow {\n protocol = "tcp"\n ports = ["22"]\n}'),
    firewall('source_ranges = ["10.0.0.0/8"]\n allow {\n protocol = "tcp"\n ports = ["22"]\n}'),
    firewall('source_ranges = ["10.0.0.0/8"]\n target_service_accounts = ["a"]\n allow {\n protocol = "tcp"\n}'),
  ],
  'what goes out is denied but for what is named': [
    firewall('direction = "INGRESS"'),
    deny.replace(', "dataflow"', ''),
    deny + firewall('direction = "EGRESS"\n allow {\n protocol = "tcp"\n}'),
  ],
  'no variable that names ranges has an open default': ['variable "ranges" {\n default = ["0.0.0.0/0"]\n}'],
  'a machine is shielded, has OS Login, no keys of the project and no address outside': [
    without(/enable_secure_boot = true/, machine),
    without(/enable-oslogin = "TRUE", /, machine),
    without(/, block-project-ssh-keys = "TRUE"/, machine),
    machine.replace('{ subnetwork = "s" }', '{\n access_config {\n}\n}'),
  ],
  'every subscription keeps a week and never expires': [
    without(/expiration_policy.*/, subscription('')),
    without(/message_retention.*/, subscription('')),
  ],
  'every push has dead letters': [without(/dead_letter_policy.*/, subscription(''))],
  'dead letters have a subscription of their own': [subscription('')],
  'every push is tried again, later and later': [without(/retry_policy.*/, subscription(''))],
  'every push, and every call of a timer, is signed': [
    without(/oidc_token.*/, subscription('')),
    'resource "google_cloud_scheduler_job" "bad" {\n http_target {\n uri = "https://example.org"\n}\n}',
  ],
  'no role is wider than the table': [
    member('roles/editor'),
    member('roles/pubsub.admin'),
    member('roles/*'),
    'resource "google_project_iam_member" "bad" {\n role = "roles/bigtable.user"\n}',
    recorder.replace('objectCreator', 'admin'),
    'resource "google_project_iam_binding" "bad" {\n role = "roles/run.invoker"\n}',
  ],
  'nothing may be called by everybody but the report, and that one only behind its sign-in': [
    openReport,
    openReport + signIn.replace('"firebase"', '"none"') + wired,
    openReport + signIn,
    openReport + signIn + wired.replace('local.function_environment, ', '').replace('each.key', 'true, each.key'),
    openReport.replace(/count.*/, '') + signIn + wired,
    openReport.replace('0 : 1', '1 : 1') + signIn + wired,
    openReport.replace('["report"]', '["parse"]') + signIn + wired,
    openReport.replace('allUsers', 'allAuthenticatedUsers') + signIn + wired,
    openReport.replace('run.invoker', 'run.admin') + signIn + wired,
    member('roles/run.invoker', 'allUsers'),
    member('roles/run.invoker', 'allAuthenticatedUsers'),
    'resource "google_cloud_run_v2_service_iam_member" "report" {\n member = "allUsers"\n}',
  ],
  'no secret is in the state': [
    'resource "google_secret_manager_secret_version" "bad" {\n secret_data = var.password\n}',
    'resource "google_service_account_key" "bad" {\n}',
    'locals {\n  password = "hunter2"\n}',
    'locals {\n  login = "AstraCS:abc"\n}',
  ],
  'versions are exact': [
    'terraform {\n required_version = ">= 1.11"\n required_providers {\n google = { source = "hashicorp/google", version = "~> 6.50" }\n}\n}',
    'terraform {\n required_version = ">= 1.11"\n required_providers {\n google = { source = "hashicorp/google" }\n}\n}',
    'terraform {\n}',
  ],
  'what holds data is protected from deletion': [
    'resource "google_bigtable_instance" "bad" {\n deletion_protection = false\n}',
    'resource "google_bigtable_table" "bad" {\n}',
  ],
  'a function has a runtime that lives, instances and requests within bounds, and an account of its own': [
    without(/max_instance_count.*/, fn),
    without(/max_instance_request_concurrency.*/, fn),
    without(/service_account_email.*/, fn),
    fn.replace('nodejs24', 'nodejs20'),
    fn.replace('ALLOW_INTERNAL_ONLY', 'ALLOW_ALL'),
  ],
  'a bucket is closed to the public': [
    'resource "google_storage_bucket" "bad" {\n uniform_bucket_level_access = true\n}',
  ],
  'what is recorded is forgotten some day, is deleted by nobody at once, and can be under a key of the deployer': [
    without(/lifecycle_rule[^]*?\n \}/, record),
    record.replace('${var.record.keep_days}', '1'),
    without(/soft_delete_policy.*/, record),
    record.replace('604800', '0'),
    without(/encryption.*/, record),
    record.replace('${!var.protect}', 'true'),
  ],
  'the sensor adds to what is recorded, and can neither change nor delete it': [
    recorder.replace('"roles/storage.objectViewer"', '"roles/storage.objectUser"'),
    recorder.replace(/for_each.*/, '').replace('each.value', '"roles/storage.objectAdmin"'),
    recorder.replace(/for_each.*/, 'for_each = var.roles'),
  ],
  'every variable says what it is for': ['variable "x" {\n}'],
};

const deployment = await readDeployment();

describe('terraform/', () => {
  it.each(Object.entries(RULES))('%s', (_, rule) => {
    expect(rule(deployment)).toEqual([]);
  });
});

describe('each rule', () => {
  it('has bad examples', () => {
    expect(Object.keys(BAD)).toEqual(Object.keys(RULES));
  });

  it('of the record holds of the example that its bad ones are made of', async () => {
    const good = await parseDeployment(new Map([['good.tf', `${record}\n${recorder}`]]));
    for (const [name, rule] of Object.entries(RULES)) if (name.includes('recorded')) expect(rule(good)).toEqual([]);
  });

  const examples = Object.entries(BAD).flatMap(([name, sources]) =>
    sources.map((source, n) => [name, n + 1, source] as const),
  );
  it.each(examples)('"%s" finds what is wrong with its example %i', async (name, _, source) => {
    const bad = await parseDeployment(new Map([['bad.tf', source]]));
    expect(RULES[name]!(bad).length).toBeGreaterThan(0);
  });
});
