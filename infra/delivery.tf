# From a push to a release in the code bucket: by CodePipeline, or by GitHub's own runner.
# Either way a release is releases/COMMIT.zip; a worker fetches the one it is told.

resource "aws_cloudwatch_log_group" "delivery" {
  count = var.delivery == null ? 0 : 1

  name              = "/aws/codebuild/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = local.tags
}

resource "aws_codebuild_project" "release" {
  count = var.delivery == null ? 0 : 1

  name           = var.name
  description    = "wistia-elt: every check, then a release"
  service_role   = aws_iam_role.delivery["build"].arn
  build_timeout  = 60
  encryption_key = var.kms_key_arn
  tags           = local.tags

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    compute_type = "BUILD_GENERAL1_MEDIUM"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"

    environment_variable {
      name  = "CODE_URI"
      value = "s3://${local.bucket.code}/releases"
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.delivery[0].name
    }
  }

  source {
    type      = "CODEPIPELINE"
    buildspec = file("${path.module}/buildspec.yml")
  }
}

resource "aws_codepipeline" "release" {
  count = var.delivery == null ? 0 : 1

  name           = local.pipeline
  role_arn       = aws_iam_role.delivery["pipeline"].arn
  pipeline_type  = "V2"
  execution_mode = "QUEUED"
  tags           = local.tags

  artifact_store {
    type     = "S3"
    location = local.bucket.code

    dynamic "encryption_key" {
      for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
      content {
        id   = encryption_key.value
        type = "KMS"
      }
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Push"
      category         = "Source"
      owner            = "AWS"
      provider         = "CodeStarSourceConnection"
      version          = "1"
      output_artifacts = ["source"]

      configuration = {
        ConnectionArn    = var.delivery.connection_arn
        FullRepositoryId = var.delivery.repository
        BranchName       = var.delivery.branch
        DetectChanges    = "true"
      }
    }
  }

  stage {
    name = "Release"

    action {
      name            = "CheckAndRelease"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["source"]

      configuration = {
        ProjectName = aws_codebuild_project.release[0].name
      }
    }
  }

  depends_on = [aws_iam_role_policy_attachment.delivery]
}
