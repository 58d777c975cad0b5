# The least that makes a lake: no crawler (the run registers partitions itself), AWS's own
# keys, nobody told by e-mail. A dollar or two a month; docs/aws.md has the arithmetic.

terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}

# Region and credentials: AWS's own variables (AWS_REGION, AWS_PROFILE).
provider "aws" {}

variable "name" {
  description = "What everything is called after. Another lake needs another name in another state."
  type        = string
  default     = "wistia-elt"
}

variable "force_destroy" {
  description = "true lets destroy remove buckets with data in them."
  type        = bool
  default     = false
}

module "wistia_elt" {
  # From elsewhere: source = "git::https://github.com/OWNER/wistia-elt//infra?ref=v0.2.0"
  source = "../.."

  name          = var.name
  crawler       = false
  force_destroy = var.force_destroy
}

output "env" {
  description = "The pipeline's .env: terraform output -raw env > .env"
  value       = module.wistia_elt.env
}

output "analyst_env" {
  description = "The .env of people who only ask."
  value       = module.wistia_elt.analyst_env
}

output "module" {
  description = "Every name of the module."
  value       = module.wistia_elt
}
