# Where logs stay, and who is told. Nothing here depends on how the pipeline words its logs:
# silence, failed crawls and failed deliveries are what AWS itself sees.

resource "aws_cloudwatch_log_group" "pipeline" {
  name              = "/${var.name}/pipeline"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_sns_topic" "alerts" {
  name              = "${var.name}-alerts"
  kms_master_key_id = var.kms_key_arn
  tags              = local.tags
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        # EventBridge publishes to no topic whose policy has a condition for it (AWS's documentation).
        Sid       = "Events"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
      },
      {
        Sid       = "OnlyEncryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alerts.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

# A build asks Athena dozens of things: none for more than a day means that nothing runs at
# all, worker and scheduler included, which cannot tell of it themselves.
resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "${var.name}-silent"
  alarm_description   = "No query of the build for ${var.silent_hours} hours: the pipeline stands. Look whether the worker runs, then `wistia-elt status`."
  namespace           = "AWS/Athena"
  metric_name         = "TotalExecutionTime"
  statistic           = "SampleCount"
  dimensions          = { WorkGroup = aws_athena_workgroup.build.name }
  period              = 3600
  evaluation_periods  = var.silent_hours
  datapoints_to_alarm = var.silent_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = local.tags
}

# A day costs what a day holds: a day that scans as much as a full refresh is a mistake, or one.
resource "aws_cloudwatch_metric_alarm" "scanned" {
  for_each = { build = var.build_scan_limit_gb, analysts = var.analyst_scan_limit_gb * 10 }

  alarm_name          = "${var.name}-scanned-${each.key}"
  alarm_description   = "The workgroup ${local.workgroup[each.key]} scanned more than ${each.value} GB in a day, ${format("%.2f", each.value * 0.005)} USD at 5 USD a terabyte. Its history in Athena's console shows the queries."
  namespace           = "AWS/Athena"
  metric_name         = "ProcessedBytes"
  statistic           = "Sum"
  dimensions          = { WorkGroup = local.workgroup[each.key] }
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value * 1000000000
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  tags                = local.tags
}

locals {
  events = merge(
    var.crawler ? {
      crawl = {
        description = "wistia-elt: the crawl of bronze failed"
        pattern = {
          source        = ["aws.glue"]
          "detail-type" = ["Glue Crawler State Change"]
          detail        = { crawlerName = [local.crawler], state = ["Failed"] }
        }
      }
    } : {},
    var.delivery == null ? {} : {
      delivery = {
        description = "wistia-elt: a delivery failed"
        pattern = {
          source        = ["aws.codepipeline"]
          "detail-type" = ["CodePipeline Pipeline Execution State Change"]
          detail        = { pipeline = [local.pipeline], state = ["FAILED"] }
        }
      }
    },
  )
}

resource "aws_cloudwatch_event_rule" "failed" {
  for_each = local.events

  name          = "${var.name}-${each.key}-failed"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "failed" {
  for_each = aws_cloudwatch_event_rule.failed

  rule = each.value.name
  arn  = aws_sns_topic.alerts.arn
}

resource "aws_budgets_budget" "monthly" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = local.tags

  cost_filter {
    name   = "TagKeyValue"
    values = ["user:project$wistia-elt"]
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = var.alert_emails
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    notification_type          = "FORECASTED"
    subscriber_email_addresses = var.alert_emails
  }
}
