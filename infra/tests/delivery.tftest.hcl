# Delivery and alarms as their variables ask for them.

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
}

run "nothing_delivers_unless_asked" {
  assert {
    condition     = length(aws_codepipeline.release) + length(aws_codebuild_project.release) + length(aws_iam_role.delivery) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "no pipeline, no build, no role"
  }
  assert {
    condition     = !contains(keys(output.settings), "CODE_PIPELINE")
    error_message = "nor its name in the .env"
  }
}

run "a_push_becomes_a_release_and_trouble_is_told" {
  variables {
    delivery = {
      connection_arn = "arn:aws:codeconnections:eu-central-1:123456789012:connection/11111111-2222-3333-4444-555555555555"
      repository     = "acme/wistia-elt"
    }
    github             = { repository = "acme/wistia-elt", branch = "release" }
    alert_emails       = ["data@example.com"]
    monthly_budget_usd = 20
    silent_hours       = 48
  }
  assert {
    condition     = one([for s in aws_codepipeline.release[0].stage : s.action[0].configuration.BranchName if s.name == "Source"]) == "main"
    error_message = "of the branch main"
  }
  assert {
    condition     = output.settings.CODE_PIPELINE == "wistia-elt" && output.settings.CODE_URI == "s3://wistia-elt-123456789012-code/releases"
    error_message = "the worker is told what to start and where releases are"
  }
  assert {
    condition     = contains(keys(aws_iam_role.delivery), "pipeline") && contains(keys(aws_iam_role.delivery), "build") && contains(keys(aws_cloudwatch_event_rule.failed), "delivery")
    error_message = "by two roles, and a failure is told"
  }
  assert {
    condition     = one(jsondecode(aws_iam_role.delivery["github"].assume_role_policy).Statement).Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:acme/wistia-elt:ref:refs/heads/release"
    error_message = "no other repository, branch or pull request"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.silent.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.silent.evaluation_periods == 48
    error_message = "no data at all is what silence looks like"
  }
  assert {
    condition     = length(aws_budgets_budget.monthly[0].notification) == 2 && aws_budgets_budget.monthly[0].limit_amount == "20"
    error_message = "at 80 % and by forecast"
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) == 1
    error_message = "whoever is named is told"
  }
}

run "what_cannot_work_is_refused_before_anything_is_made" {
  command = plan
  variables {
    name                  = "Wistia_ELT"
    glue_database_prefix  = "wistia-elt-"
    tags                  = { project = "other" }
    kms_key_arn           = "arn:aws:kms:eu-central-1:123456789012:alias/lake"
    kept_versions_days    = 0
    results_days          = 0.5
    build_scan_limit_gb   = 0.001
    analyst_scan_limit_gb = 0
    log_retention_days    = 100
    secret_recovery_days  = 3
    worker_principals     = ["scheduler"]
    worker_services       = ["ec2"]
    analyst_principals    = ["*"]
    delivery              = { connection_arn = "arn:aws:s3:::bucket", repository = "wistia-elt" }
    github                = { repository = "acme/*" }
    alert_emails          = ["nobody"]
    silent_hours          = 24
  }
  expect_failures = [
    var.name, var.glue_database_prefix, var.tags, var.kms_key_arn, var.kept_versions_days, var.results_days,
    var.build_scan_limit_gb, var.analyst_scan_limit_gb, var.log_retention_days, var.secret_recovery_days,
    var.worker_principals, var.worker_services, var.analyst_principals, var.delivery, var.github,
    var.alert_emails, var.silent_hours,
  ]
}

run "a_budget_that_tells_nobody_is_refused" {
  command = plan
  variables {
    monthly_budget_usd = 20
  }
  expect_failures = [var.monthly_budget_usd]
}
