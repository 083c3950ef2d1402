# Names, ranges and rights, decided and checked without a cloud (modules/policy, with tests of its own).
module "policy" {
  source = "./modules/policy"

  prefix  = var.prefix
  sensors = var.sensors

  private_ranges = {
    subnet    = { cidr = var.subnet_range, longest_prefix = 26 }
    connector = { cidr = var.connector_range, longest_prefix = 28 }
  }

  source_ranges = {
    sensors  = var.sensor_ranges
    mirrored = try(var.mirror.ranges, [])
    database = try(var.record.database.ranges, [])
  }
}

data "google_project" "this" {
  project_id = var.project
}
