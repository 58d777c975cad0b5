# Six buckets, alike in everything but how long what was replaced is kept.

locals {
  encryption = var.kms_key_arn == null ? "AES256" : "aws:kms"

  # Days after which a version that was replaced or removed goes for good.
  kept_versions = {
    bronze  = var.kept_versions_days
    silver  = 7
    gold    = 7
    results = 1
    code    = 365
    site    = 7
  }
}

resource "aws_s3_bucket" "zone" {
  for_each = local.bucket

  bucket        = each.value
  force_destroy = var.force_destroy
  tags          = local.tags
}

resource "aws_s3_bucket_versioning" "zone" {
  for_each = aws_s3_bucket.zone

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "zone" {
  for_each = aws_s3_bucket.zone

  bucket = each.value.id

  rule {
    # One request to KMS for many objects: without it KMS costs more than S3.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.encryption
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "zone" {
  for_each = aws_s3_bucket.zone

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "zone" {
  for_each = aws_s3_bucket.zone

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "zone" {
  for_each = aws_s3_bucket.zone

  bucket = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn[each.key], "${local.bucket_arn[each.key]}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyTodaysEncryption"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn[each.key], "${local.bucket_arn[each.key]}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })

  # Both write the bucket's rules; S3 refuses one while it does the other.
  depends_on = [aws_s3_bucket_public_access_block.zone]
}

resource "aws_s3_bucket_logging" "zone" {
  for_each = var.access_log_bucket == null ? {} : aws_s3_bucket.zone

  bucket        = each.value.id
  target_bucket = var.access_log_bucket
  target_prefix = "${each.value.id}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "zone" {
  for_each = aws_s3_bucket.zone

  bucket = each.value.id

  rule {
    id     = "uploads-that-broke-off"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "replaced-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = local.kept_versions[each.key]
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    # A run renews its lock every few seconds, and each renewal leaves a version.
    for_each = each.key == "bronze" ? ["state/locks/"] : []
    content {
      id     = "renewed-locks"
      status = "Enabled"
      filter {
        prefix = rule.value
      }
      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  dynamic "rule" {
    for_each = each.key == "results" ? [var.results_days] : []
    content {
      id     = "read-once"
      status = "Enabled"
      filter {}
      expiration {
        days = rule.value
      }
    }
  }

  # Lifecycle of noncurrent versions needs the versions first.
  depends_on = [aws_s3_bucket_versioning.zone]
}
