# What the module makes of its variables, on a provider that only pretends: no account, no network.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }
  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/made" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:made" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:made" }
  }
}

run "by_default" {
  # Buckets: private, versioned, encrypted, tagged.
  assert {
    condition     = toset(keys(aws_s3_bucket.zone)) == toset(["bronze", "silver", "gold", "results", "code", "site"])
    error_message = "the lake has six buckets"
  }
  assert {
    condition = alltrue([
      for zone in keys(aws_s3_bucket.zone) :
      aws_s3_bucket_versioning.zone[zone].versioning_configuration[0].status == "Enabled" &&
      aws_s3_bucket_public_access_block.zone[zone].block_public_acls &&
      aws_s3_bucket_public_access_block.zone[zone].block_public_policy &&
      aws_s3_bucket_public_access_block.zone[zone].ignore_public_acls &&
      aws_s3_bucket_public_access_block.zone[zone].restrict_public_buckets &&
      one(aws_s3_bucket_server_side_encryption_configuration.zone[zone].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    ])
    error_message = "each is versioned, closed to the public, encrypted"
  }
  assert {
    condition = alltrue([
      for policy in aws_s3_bucket_policy.zone :
      anytrue([for s in jsondecode(policy.policy).Statement : s.Effect == "Deny" && try(s.Condition.Bool["aws:SecureTransport"], "") == "false"])
    ])
    error_message = "each refuses connections without TLS"
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.zone : !bucket.force_destroy && bucket.tags.project == "wistia-elt"])
    error_message = "a bucket with data survives destroy unless asked otherwise, and its costs are tagged"
  }

  # Bronze never expires; results do.
  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.zone["bronze"].rule :
      alltrue([for e in rule.expiration : coalesce(e.days, 0) == 0]) && length(rule.transition) == 0
    ])
    error_message = "bronze is the only archive: no rule may remove what is current"
  }
  assert {
    condition     = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.zone["results"].rule : anytrue([for e in rule.expiration : coalesce(e.days, 0) == 7])])
    error_message = "results are removed after results_days"
  }

  # Bronze's tables are the declared ones.
  assert {
    condition     = toset(keys(aws_glue_catalog_table.bronze)) == toset([for t in local.source.tables : t.name])
    error_message = "one Glue table a declared table"
  }
  assert {
    condition     = aws_glue_catalog_table.bronze["visitors"].partition_keys[0].name == "ingest_date" && length(aws_glue_catalog_table.bronze["visitors"].partition_keys) == 1
    error_message = "partitioned tables have their key once"
  }
  assert {
    condition     = !contains([for c in aws_glue_catalog_table.bronze["visitors"].storage_descriptor[0].columns : c.name], "ingest_date")
    error_message = "a partition's key is no column"
  }
  assert {
    condition     = length(aws_glue_catalog_table.bronze["runs"].partition_keys) == 0
    error_message = "runs are not partitioned"
  }

  # The crawler adds partitions and changes nothing.
  assert {
    condition     = aws_glue_crawler.bronze[0].schema_change_policy[0].update_behavior == "LOG" && aws_glue_crawler.bronze[0].schema_change_policy[0].delete_behavior == "LOG"
    error_message = "it may change no declared table"
  }
  assert {
    condition     = jsondecode(aws_glue_crawler.bronze[0].configuration).CrawlerOutput.Partitions.AddOrUpdateBehavior == "InheritFromTable"
    error_message = "partitions look as their table does"
  }
  assert {
    condition     = aws_glue_crawler.bronze[0].recrawl_policy[0].recrawl_behavior == "CRAWL_EVERYTHING" && aws_glue_crawler.bronze[0].schedule == null
    error_message = "the run starts it, and it looks everywhere"
  }
  assert {
    condition     = !contains(aws_glue_crawler.bronze[0].catalog_target[0].tables, "runs")
    error_message = "what has no partitions is not crawled"
  }

  # The .env names what there is.
  assert {
    condition     = output.settings.LAKE_URI == "s3://wistia-elt-123456789012-bronze" && output.settings.GLUE_DATABASE_PREFIX == "wistia_elt_"
    error_message = "names come from name and account"
  }
  assert {
    condition     = strcontains(output.env, "ATHENA_WORKGROUP=wistia-elt-build\n") && strcontains(output.analyst_env, "ATHENA_WORKGROUP=wistia-elt-analysts\n")
    error_message = "the pipeline and people ask in different workgroups"
  }
}

run "without_a_crawler" {
  variables {
    crawler               = false
    analyst_scan_limit_gb = 0.5
  }
  # The run registers partitions itself.
  assert {
    condition     = length(aws_glue_crawler.bronze) == 0 && !contains(keys(aws_iam_policy.stage), "crawler") && !contains(keys(output.settings), "GLUE_CRAWLER")
    error_message = "neither crawler nor its role nor its setting is left"
  }

  # Workgroups hold people, but not dbt.
  assert {
    condition     = !aws_athena_workgroup.build.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.analysts.configuration[0].enforce_workgroup_configuration
    error_message = "dbt says where results go, people do not"
  }
  assert {
    condition     = aws_athena_workgroup.analysts.configuration[0].bytes_scanned_cutoff_per_query == 500000000
    error_message = "gigabytes become bytes"
  }
  assert {
    condition     = aws_athena_workgroup.analysts.configuration[0].publish_cloudwatch_metrics_enabled && aws_athena_workgroup.build.configuration[0].publish_cloudwatch_metrics_enabled
    error_message = "both tell what they scan"
  }
}

run "a_key_of_your_own_is_used_everywhere" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
  assert {
    condition = alltrue([
      for e in aws_s3_bucket_server_side_encryption_configuration.zone :
      one(e.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == var.kms_key_arn && one(e.rule).bucket_key_enabled
    ])
    error_message = "in every bucket, with bucket keys"
  }
  assert {
    condition     = aws_secretsmanager_secret.wistia.kms_key_id == var.kms_key_arn && aws_sns_topic.alerts.kms_master_key_id == var.kms_key_arn && aws_cloudwatch_log_group.pipeline.kms_key_id == var.kms_key_arn
    error_message = "in secret, topic and logs"
  }
  assert {
    condition     = alltrue([for p in aws_iam_policy.stage : contains([for s in jsondecode(p.policy).Statement : s.Sid], "UseTheKey")])
    error_message = "every role that reads may use it"
  }
}

run "who_may_remove_a_person_is_chosen_apart" {
  variables {
    custodian_principals = ["arn:aws:iam::123456789012:role/privacy"]
  }
  assert {
    condition     = jsondecode(aws_iam_role.stage["custodian"].assume_role_policy).Statement[0].Principal.AWS == ["arn:aws:iam::123456789012:role/privacy"]
    error_message = "the custodian's role is for whom custodian_principals names"
  }
  assert {
    condition = alltrue([
      for who, policy in merge(aws_iam_policy.stage, { worker = aws_iam_policy.worker }) :
      who == "custodian" || !strcontains(policy.policy, "s3:DeleteObjectVersion")
    ])
    error_message = "nobody else removes versions of objects"
  }
}

run "custodians_are_arns" {
  command = plan
  variables {
    custodian_principals = ["privacy"]
  }
  expect_failures = [var.custodian_principals]
}
