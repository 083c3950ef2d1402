module tapline/terraform-schema

go 1.24.0

require github.com/hashicorp/terraform-plugin-go v0.31.0
