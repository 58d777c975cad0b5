# Names, put together once; ARNs are made of names so that a plan shows policies whole.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # Buckets share one name space with all of AWS: the account's number keeps them apart.
  bucket = {
    for zone in ["bronze", "silver", "gold", "results", "code", "site"] :
    zone => "${var.name}-${local.account}-${zone}"
  }
  bucket_arn = { for zone, name in local.bucket : zone => "arn:${local.partition}:s3:::${name}" }

  database_prefix = var.glue_database_prefix == null ? "${replace(var.name, "-", "_")}_" : var.glue_database_prefix
  database        = { for layer in ["bronze", "silver", "gold", "pages"] : layer => "${local.database_prefix}${layer}" }

  glue   = "arn:${local.partition}:glue:${local.region}:${local.account}"
  athena = "arn:${local.partition}:athena:${local.region}:${local.account}:workgroup"
  logs   = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group"

  workgroup = { build = "${var.name}-build", analysts = "${var.name}-analysts" }
  crawler   = "${var.name}-bronze"
  pipeline  = var.name

  tags = merge(var.tags, { project = "wistia-elt" })
}
