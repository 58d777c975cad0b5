# Who may do what: a role a stage with its policy, a worker that is all three stages, people who ask.
# The statements themselves stand in policies_*.tf; tests hold each against the calls made.

locals {
  policies = merge({
    ingester  = local.ingester
    builder   = concat(local.builder, local.crawl)
    publisher = local.publisher
    analyst   = local.analyst
    custodian = local.custodian
  }, var.crawler ? { crawler = local.crawling } : {})

  # Objects under your own key need the key too, but only by way of S3 and Secrets Manager.
  with_key = var.kms_key_arn == null ? [] : [{
    Sid       = "UseTheKey"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = [var.kms_key_arn]
    Condition = { StringLike = { "kms:ViaService" = ["s3.${local.region}.amazonaws.com", "secretsmanager.${local.region}.amazonaws.com"] } }
  }]

  root = "arn:${local.partition}:iam::${local.account}:root"
  trust = {
    for role, principals in {
      worker    = var.worker_principals
      analyst   = var.analyst_principals
      custodian = var.custodian_principals
    } :
    role => jsonencode({
      Version = "2012-10-17"
      Statement = concat(
        [{
          Sid       = "People"
          Effect    = "Allow"
          Action    = "sts:AssumeRole"
          Principal = { AWS = length(principals) > 0 ? principals : [local.root] }
        }],
        role == "worker" && length(var.worker_services) > 0 ? [{
          Sid       = "Services"
          Effect    = "Allow"
          Action    = "sts:AssumeRole"
          Principal = { Service = var.worker_services }
        }] : [],
      )
    })
  }
}

resource "aws_iam_policy" "stage" {
  for_each = local.policies

  name        = "${var.name}-${each.key}"
  description = "wistia-elt: what ${each.key} does, and nothing else"
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat(each.value, local.with_key) })
  tags        = local.tags
}

resource "aws_iam_role" "stage" {
  for_each = { ingester = "worker", builder = "worker", publisher = "worker", analyst = "analyst", custodian = "custodian" }

  name                 = "${var.name}-${each.key}"
  description          = "wistia-elt: ${each.key}"
  assume_role_policy   = local.trust[each.value]
  max_session_duration = 14400
  tags                 = local.tags
}

resource "aws_iam_role_policy_attachment" "stage" {
  for_each = aws_iam_role.stage

  role       = each.value.name
  policy_arn = aws_iam_policy.stage[each.key].arn
}

# Forgetting a person rewrites bronze and builds tables too.
resource "aws_iam_role_policy_attachment" "custodian" {
  for_each = toset(["ingester", "builder"])

  role       = aws_iam_role.stage["custodian"].name
  policy_arn = aws_iam_policy.stage[each.key].arn
}

# `wistia-elt run` is all stages in one process.
resource "aws_iam_role" "worker" {
  name                 = "${var.name}-worker"
  description          = "wistia-elt: every stage of a run"
  assume_role_policy   = local.trust.worker
  max_session_duration = 14400
  tags                 = local.tags
}

resource "aws_iam_role_policy_attachment" "worker" {
  for_each = toset(["ingester", "builder", "publisher"])

  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.stage[each.key].arn
}

resource "aws_iam_policy" "worker" {
  name        = "${var.name}-worker"
  description = "wistia-elt: what surrounds the stages: logs, alarms, the code of the next run"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.worker })
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "surroundings" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.worker.arn
}

resource "aws_iam_instance_profile" "worker" {
  count = contains(var.worker_services, "ec2.amazonaws.com") ? 1 : 0

  name = "${var.name}-worker"
  role = aws_iam_role.worker.name
  tags = local.tags
}

resource "aws_iam_role" "crawler" {
  count = var.crawler ? 1 : 0

  name        = "${var.name}-crawler"
  description = "wistia-elt: Glue's crawler"
  tags        = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Glue"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "glue.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "crawler" {
  count = var.crawler ? 1 : 0

  role       = aws_iam_role.crawler[0].name
  policy_arn = aws_iam_policy.stage["crawler"].arn
}
