# Exact versions: what was checked is what is applied. terraform init writes .terraform.lock.hcl with the checksums of the
# providers beside this file: commit it (docs/deploy.md), and renew both on purpose.
terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  # Where the state is: terraform init -backend-config=bucket=NAME
  backend "gcs" {
    prefix = "tapline"
  }

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.50.0"
    }
    # For the flex template of Dataflow alone, which the other one does not have.
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "6.50.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "2.7.1"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region
  zone    = var.zone
}

provider "google-beta" {
  project = var.project
  region  = var.region
  zone    = var.zone
}
