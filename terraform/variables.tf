# Everything that differs between deployments. What has no default must be said; the defaults are small.

variable "project" {
  description = "The Google Cloud project, by its id. One deployment per project keeps rights and bills apart."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project: the id of a project, such as tapline-prod (not its number or its title)."
  }
}

variable "region" {
  description = "Region of everything. Choose one near the sensors and the database."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region: such as us-central1 or europe-west1."
  }
}

variable "zone" {
  description = "Zone of the capture host and of Bigtable's cluster; must be in the region."
  type        = string
  default     = "us-central1-a"

  validation {
    condition     = startswith(var.zone, "${var.region}-")
    error_message = "zone: must be one of the region, such as us-central1-a."
  }
}

variable "prefix" {
  description = "What the name of everything begins with, also of the Pub/Sub topics (TAPLINE_TOPIC_PREFIX)."
  type        = string
  default     = "tapline"
}

variable "sensors" {
  description = "Sensors whose messages the functions take (TAPLINE_SENSORS). The capture host is the first of them."
  type        = list(string)
  default     = ["instance-1"]
}

# --- network

variable "subnet_range" {
  description = "Addresses of the private subnet, a /26 or larger: the capture host, and the bridge as a worker pool."
  type        = string
  default     = "10.20.0.0/24"
}

variable "connector_range" {
  description = "Addresses of the functions' way into the network, a /28; used only with cassandra_in_network."
  type        = string
  default     = "10.20.1.0/28"
}

variable "sensor_ranges" {
  description = "Private ranges of sensors on other hosts, which may reach the broker. Empty: only the capture host itself."
  type        = list(string)
  default     = []
}

variable "package_hosts" {
  description = <<-EOT
    Host names that the capture host may reach on ports 80 and 443, to install itself: where your apt, npm and Maven fetch
    packages from. Everything else outwards is closed, Google's APIs excepted. Empty it again when the host is set up.
  EOT
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for host in var.package_hosts : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", host))])
    error_message = "package_hosts: whole host names such as mirror.example.org, without https:// and without *."
  }
}

variable "operators" {
  description = "Who may log in to the capture host through IAP: user:NAME@EXAMPLE.ORG or group:NAME@EXAMPLE.ORG."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.operators : can(regex("^(user|group):[^@ ]+@[^@ ]+$", member))])
    error_message = "operators: people by name, user:ADDRESS or group:ADDRESS; never allUsers."
  }
}

# --- the capture host

variable "machine_type" {
  description = "Machine of the capture host: broker, sensor and bridge take 2 GB together. e2-standard-2 carries some 20,000 packets/s."
  type        = string
  default     = "e2-standard-2"
}

variable "capture_disk_gb" {
  description = "Disk of the broker's messages, the sensor's spool and recordings. Two days of 10,000 packets/s are 15 GB."
  type        = number
  default     = 50

  validation {
    condition     = var.capture_disk_gb >= 10 && var.capture_disk_gb <= 65536
    error_message = "capture_disk_gb: 10 to 65536."
  }
}

variable "sensor_archive" {
  description = "Tapline itself for the capture host: git archive --format=tar.gz --output terraform/build/tapline.tar.gz HEAD"
  type        = string
  default     = "build/tapline.tar.gz"
}

variable "mirror" {
  description = <<-EOT
    Mirrors the packets of these to the capture host (packet mirroring, through an internal load balancer): machines with a
    network tag, or whole subnetworks, of this network. null: the host captures what is replayed on it.
  EOT
  type = object({
    tags        = optional(list(string), [])
    subnetworks = optional(list(string), [])
    # Where the mirrored packets come from or go to; they arrive with their own addresses.
    ranges = list(string)
  })
  default = null

  validation {
    condition     = try(length(var.mirror.tags) + length(var.mirror.subnetworks) > 0, var.mirror == null)
    error_message = "mirror: name tags or subnetworks."
  }
  validation {
    condition     = try(length(var.mirror.ranges) > 0, var.mirror == null)
    error_message = "mirror: name the ranges whose packets are mirrored."
  }
}

# --- the flight recorder

variable "record" {
  description = <<-EOT
    Records the packets on the capture host (size at most, on its disk), and keeps those behind alerts in a bucket of their
    own for keep_days (docs/flight-recorder.md); null: no packet is recorded. readers may export them. kms_key: a key of yours
    in the region instead of Google's (docs/deploy.md has the command that lets the bucket use it). database: how the host
    reaches Cassandra to learn of alerts, by private ranges or by the host names of the bundle's config.json (Astra), and ports;
    password_secret, username: a role that may only read; as the functions' if not said.
  EOT
  type = object({
    size      = optional(string, "20G")
    keep_days = optional(number, 365)
    kms_key   = optional(string)
    readers   = optional(list(string), [])
    database = object({
      ranges = optional(list(string), [])
      hosts  = optional(list(string), [])
      ports  = optional(list(string), ["9042"])
    })
    username        = optional(string)
    password_secret = optional(string)
  })
  default = null

  validation {
    condition     = try(can(regex("^[1-9][0-9]*[MGT]$", var.record.size)), false) || var.record == null
    error_message = "record.size: such as 20G; leave room for the broker on the disk (capture_disk_gb)."
  }
  validation {
    condition     = try(var.record.keep_days >= 1 && floor(var.record.keep_days) == var.record.keep_days, var.record == null)
    error_message = "record.keep_days: whole days, 1 at least."
  }
  validation {
    condition     = try(can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", coalesce(var.record.kms_key, "projects/p/locations/l/keyRings/r/cryptoKeys/k"))), false) || var.record == null
    error_message = "record.kms_key: projects/…/locations/…/keyRings/…/cryptoKeys/…"
  }
  validation {
    condition     = try(alltrue([for member in var.record.readers : can(regex("^(user|group|serviceAccount):[^@ ]+@[^@ ]+$", member))]), false) || var.record == null
    error_message = "record.readers: people and accounts by name; never allUsers."
  }
  validation {
    condition     = try(length(var.record.database.ranges) + length(var.record.database.hosts) > 0, var.record == null)
    error_message = "record.database: say the ranges or the hosts of the database; without it no alert is known, and nothing is kept."
  }
}

# --- the bridge

variable "bridge_on" {
  description = "Where the bridge runs: host (the capture host, no extra cost) or worker-pool (needs bridge_image)."
  type        = string
  default     = "host"

  validation {
    condition     = contains(["host", "worker-pool"], var.bridge_on)
    error_message = "bridge_on: host or worker-pool."
  }
}

variable "bridge_image" {
  description = "Container image that runs `tapline bridge`, by digest (…@sha256:…); only with bridge_on = worker-pool."
  type        = string
  default     = null

  validation {
    condition     = var.bridge_on != "worker-pool" || can(regex("@sha256:[0-9a-f]{64}$", var.bridge_image))
    error_message = "bridge_image: name the image by its digest, …@sha256:…"
  }
}

# --- the functions

variable "function_limits" {
  description = <<-EOT
    By function: instances at most, requests an instance takes at once, and its memory. The instances are the valve in front
    of Cassandra: what is over them waits in Pub/Sub.
  EOT
  type = map(object({
    instances   = number
    concurrency = number
    memory      = string
  }))
  default = {
    parse  = { instances = 10, concurrency = 8, memory = "512Mi" }
    window = { instances = 3, concurrency = 16, memory = "512Mi" }
    score  = { instances = 5, concurrency = 4, memory = "1Gi" }
    report = { instances = 3, concurrency = 16, memory = "512Mi" }
  }

  validation {
    condition     = toset(keys(var.function_limits)) == toset(["parse", "window", "score", "report"])
    error_message = "function_limits: say it for parse, window, score and report."
  }
  validation {
    condition     = alltrue([for limit in var.function_limits : limit.instances >= 1 && limit.instances <= 100 && limit.concurrency >= 1 && limit.concurrency <= 80])
    error_message = "function_limits: 1 to 100 instances, 1 to 80 requests at once."
  }
}

variable "settings" {
  description = "Further settings of the functions by environment variable, such as { TAPLINE_ROWS_PER_SECOND = \"0\" }; docs/line.md lists them. Never a secret."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : startswith(name, "TAPLINE_") && !can(regex("PASSWORD|_KEY$|TOKEN|SECRET", name))])
    error_message = "settings: names begin with TAPLINE_; secrets belong in Secret Manager (cassandra_password_secret)."
  }
}

variable "sign_in" {
  description = <<-EOT
    Readers sign in with Firebase Authentication, and Firebase Hosting can serve the report (docs/deploy.md): the Web API key
    with which the page signs in, and the project of the accounts, if it is another one. The function then checks every
    request itself, and its service may be called by everybody. null: only report_readers may call it.
  EOT
  type        = object({ api_key = string, project = optional(string) })
  default     = null

  validation {
    condition     = var.sign_in == null || can(regex("^[A-Za-z0-9_-]{20,}$", var.sign_in.api_key))
    error_message = "sign_in.api_key: the key itself, as gcloud services api-keys get-key-string prints it."
  }
}

variable "report_readers" {
  description = "Who may ask the report function by an account of Google Cloud: user:, group: or serviceAccount:."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.report_readers : can(regex("^(user|group|serviceAccount):[^@ ]+@[^@ ]+$", member))])
    error_message = "report_readers: people and accounts by name; never allUsers: for readers of a hosted page there is sign_in."
  }
}

# --- the database

variable "cassandra" {
  description = "The database: contact points (host:port) of a cluster of your own, or none for Astra, and its names."
  type = object({
    contact_points = optional(list(string), [])
    datacenter     = optional(string, "datacenter1")
    keyspace       = optional(string, "tapline")
    username       = optional(string, "token")
  })
  default = {}
}

variable "cassandra_password_secret" {
  description = "Name of the secret with the password, or the Astra token. You make it (docs/deploy.md): its value never passes through here."
  type        = string
  default     = "tapline-cassandra-password"
}

variable "astra_bundle_secret" {
  description = "Name of the secret with Astra's secure connect bundle; null for a cluster of your own."
  type        = string
  default     = "tapline-astra-bundle"

  validation {
    condition     = (var.astra_bundle_secret == null) == (length(var.cassandra.contact_points) > 0)
    error_message = "Say either cassandra.contact_points with astra_bundle_secret = null, or a bundle and no contact points."
  }
}

variable "cassandra_in_network" {
  description = "Whether the cluster is reached through this network (peering, VPN): the functions get a way into it."
  type        = bool
  default     = false
}

# --- window state

variable "bigtable_nodes" {
  description = "Nodes of Bigtable, at least and at most. One node is about $470 a month, idle or not: the largest fixed cost."
  type        = object({ least = number, most = number })
  default     = { least = 1, most = 3 }

  validation {
    condition     = var.bigtable_nodes.least >= 1 && var.bigtable_nodes.most >= var.bigtable_nodes.least && var.bigtable_nodes.most <= 30
    error_message = "bigtable_nodes: 1 <= least <= most <= 30."
  }
}

variable "protect" {
  description = "Protects what holds data from being destroyed. Say false, apply, and only then destroy."
  type        = bool
  default     = true
}

# --- alarms

variable "alarm_emails" {
  description = "Who hears of alarms by e-mail. Empty: alarms are only on the console."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alarm_emails: e-mail addresses."
  }
}

variable "budget" {
  description = "Tells the billing account's people at 50, 90 and 100 percent of so many US dollars a month; null: no budget."
  type        = object({ billing_account = string, usd_per_month = number })
  default     = null

  validation {
    condition     = try(var.budget.usd_per_month > 0, var.budget == null)
    error_message = "budget: more than nothing."
  }
}

# --- the distributed path

variable "dataflow" {
  description = "Runs a flex template of dataflow-templates/ (its description in a bucket: gs://…/….json) on Dataflow, with the parameters that its metadata/ names; null: not at all."
  type = object({
    template    = string
    parameters  = optional(map(string), {})
    max_workers = optional(number, 2)
  })
  default = null

  validation {
    condition     = try(startswith(var.dataflow.template, "gs://"), var.dataflow == null)
    error_message = "dataflow.template: gs://BUCKET/PATH.json"
  }
}
