# A company's lake: its own key, access logs, alarms by e-mail, a budget, delivery from a
# push, a worker on EC2, state in a bucket with a lock.

terraform {
  required_version = ">= 1.10, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  # terraform init -backend-config="bucket=YOUR-STATE-BUCKET" -backend-config="region=YOUR-REGION"
  backend "s3" {
    key          = "wistia-elt/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  root      = "arn:${local.partition}:iam::${local.account}:root"
  logs      = "arn:${local.partition}:logs:${var.region}:${local.account}"
}

resource "aws_kms_key" "lake" {
  description             = "wistia-elt: buckets, secret, topic, logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = merge(var.tags, { project = "wistia-elt" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # The account's own IAM policies decide; without this nobody could ever change the key.
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = local.root }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.logs}:*" } }
      },
      {
        # Both write to the encrypted topic.
        Sid       = "AlarmsAndEvents"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
    ]
  })
}

module "wistia_elt" {
  source = "../.."

  name                 = var.name
  tags                 = var.tags
  kms_key_arn          = aws_kms_key.lake.arn
  access_log_bucket    = var.access_log_bucket
  worker_services      = ["ec2.amazonaws.com"]
  worker_principals    = var.worker_principals
  analyst_principals   = var.analyst_principals
  custodian_principals = var.custodian_principals
  delivery             = var.delivery
  github               = var.github
  alert_emails         = var.alert_emails
  monthly_budget_usd   = var.monthly_budget_usd
  force_destroy        = var.force_destroy

  kept_versions_days   = 90
  secret_recovery_days = 30
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
