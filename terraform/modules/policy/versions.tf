# No provider at all: whatever is decided here can be tested anywhere, without a cloud and without a download.
terraform {
  required_version = ">= 1.11.0, < 2.0.0"
}
