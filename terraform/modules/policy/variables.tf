variable "prefix" {
  description = "What the name of everything begins with."
  type        = string

  validation {
    # Account names are prefix and purpose, at most 30 characters in all.
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.prefix))
    error_message = "prefix: 2 to 20 lower-case letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "sensors" {
  description = "Names of the sensors whose messages are taken. A sensor's Kafka topics are NAME-pcap and NAME-heartbeat."
  type        = list(string)

  validation {
    condition     = length(var.sensors) > 0 && alltrue([for name in var.sensors : can(regex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", name))])
    error_message = "sensors: name at least one; letters, digits, dots, hyphens and underscores, 64 at most, a letter or digit first."
  }
}

variable "private_ranges" {
  description = "Ranges of our own, by what they are for: each must be private (RFC 1918), of at least the size its use needs."
  type        = map(object({ cidr = string, longest_prefix = number }))

  validation {
    condition     = alltrue([for range in var.private_ranges : can(cidrhost(range.cidr, 0))])
    error_message = "private_ranges: an address range is written 10.20.0.0/24."
  }

  validation {
    condition = alltrue([for range in var.private_ranges : try(tonumber(split("/", range.cidr)[1]) <= range.longest_prefix, false)])
    error_message = format("private_ranges: too small: %s.", join(", ", [
      for use, range in var.private_ranges : "${use} needs a /${range.longest_prefix} or larger"
      if !try(tonumber(split("/", range.cidr)[1]) <= range.longest_prefix, false)
    ]))
  }

  validation {
    condition     = alltrue([for range in var.private_ranges : can(regex(local.private, range.cidr))])
    error_message = "private_ranges: use addresses of RFC 1918: 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16."
  }
}

variable "source_ranges" {
  description = "Ranges of others, by what for: those that may open connections to us, and the database. None may be open: a /8 is as wide as it gets."
  type        = map(list(string))

  validation {
    condition     = alltrue([for range in flatten(values(var.source_ranges)) : can(cidrhost(range, 0))])
    error_message = "source_ranges: an address range is written 10.20.0.0/24."
  }

  validation {
    condition     = alltrue([for range in flatten(values(var.source_ranges)) : try(tonumber(split("/", range)[1]) >= 8, false)])
    error_message = "source_ranges: open to everybody, or nearly: name ranges of /8 or longer."
  }
}
