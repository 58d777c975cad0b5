# Two workgroups: one for dbt, which says itself where results go, one for people, which does not let them.

resource "aws_athena_workgroup" "build" {
  name          = local.workgroup.build
  description   = "wistia-elt: dbt and the hand-over to the pages"
  force_destroy = true
  tags          = local.tags

  configuration {
    # An enforced location would make dbt-athena ignore its own layout of the tables.
    enforce_workgroup_configuration    = false
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = floor(var.build_scan_limit_gb * 1000000000)

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${local.bucket.results}/build/"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

resource "aws_athena_workgroup" "analysts" {
  name          = local.workgroup.analysts
  description   = "wistia-elt: questions people ask"
  force_destroy = true
  tags          = local.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = floor(var.analyst_scan_limit_gb * 1000000000)

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${local.bucket.results}/analysts/"

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
