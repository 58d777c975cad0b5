# Names for people and programs. Nothing secret: the secret's place only.

locals {
  settings = merge(
    {
      WISTIA_SECRET_ID     = aws_secretsmanager_secret.wistia.name
      LAKE_URI             = "s3://${aws_s3_bucket.zone["bronze"].bucket}"
      SILVER_URI           = "s3://${aws_s3_bucket.zone["silver"].bucket}"
      GOLD_URI             = "s3://${aws_s3_bucket.zone["gold"].bucket}"
      GLUE_DATABASE_PREFIX = local.database_prefix
      ATHENA_WORKGROUP     = aws_athena_workgroup.build.name
      ATHENA_RESULTS_URI   = "s3://${aws_s3_bucket.zone["results"].bucket}/build"
      SITE_URI             = "s3://${aws_s3_bucket.zone["site"].bucket}"
      ALERT_SNS_TOPIC      = aws_sns_topic.alerts.arn
      CODE_URI             = "s3://${aws_s3_bucket.zone["code"].bucket}/releases"
      AWS_REGION           = local.region
    },
    var.crawler ? { GLUE_CRAWLER = aws_glue_crawler.bronze[0].name } : {},
    var.delivery == null ? {} : { CODE_PIPELINE = local.pipeline },
  )
}

output "env" {
  description = "The pipeline's .env: terraform output -raw env > .env"
  value       = join("", [for name, value in local.settings : "${name}=${value}\n"])
}

output "settings" {
  description = "The same, name by name."
  value       = local.settings
}

output "analyst_env" {
  description = "The .env of people who only ask."
  value = join("", [
    for name, value in merge(local.settings, { ATHENA_WORKGROUP = aws_athena_workgroup.analysts.name }) :
    "${name}=${value}\n"
    if contains(["LAKE_URI", "GLUE_DATABASE_PREFIX", "ATHENA_WORKGROUP", "AWS_REGION"], name)
  ])
}

output "buckets" {
  description = "Bucket names by zone."
  value       = { for zone, bucket in aws_s3_bucket.zone : zone => bucket.bucket }
}

output "databases" {
  description = "Glue databases by layer."
  value       = { for layer, database in aws_glue_catalog_database.layer : layer => database.name }
}

output "roles" {
  description = "Role ARNs by who takes them."
  value = merge(
    { for stage, role in aws_iam_role.stage : stage => role.arn },
    { worker = aws_iam_role.worker.arn },
    { for delivery, role in aws_iam_role.delivery : "delivery_${delivery}" => role.arn },
    var.crawler ? { crawler = aws_iam_role.crawler[0].arn } : {},
  )
}

output "policies" {
  description = "Policy ARNs by who they are for, to attach to roles of your own."
  value = merge(
    { for stage, policy in aws_iam_policy.stage : stage => policy.arn },
    { worker = aws_iam_policy.worker.arn },
    { for delivery, policy in aws_iam_policy.delivery : "delivery_${delivery}" => policy.arn },
  )
}

output "instance_profile" {
  description = "The worker's instance profile, where ec2.amazonaws.com may be the worker."
  value       = one(aws_iam_instance_profile.worker[*].name)
}
