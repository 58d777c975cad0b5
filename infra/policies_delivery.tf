# The roles of delivery, each with one hand: the pipeline starts the build, the build writes releases.

locals {
  code = local.bucket_arn.code
  # CodePipeline names its folder by the first 20 characters.
  artifacts = "${local.code}/${substr(local.pipeline, 0, 20)}/*"

  delivery = merge(
    var.delivery == null ? {} : {
      pipeline = {
        trust = { Service = "codepipeline.amazonaws.com" }
        statements = [
          {
            Sid      = "PassTheSourceOn"
            Effect   = "Allow"
            Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
            Resource = [local.artifacts]
          },
          {
            Sid      = "LookAtTheBucket"
            Effect   = "Allow"
            Action   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
            Resource = [local.code]
          },
          {
            Sid      = "ReadTheRepository"
            Effect   = "Allow"
            Action   = ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
            Resource = [var.delivery.connection_arn]
          },
          {
            Sid      = "StartTheBuild"
            Effect   = "Allow"
            Action   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
            Resource = ["arn:${local.partition}:codebuild:${local.region}:${local.account}:project/${var.name}"]
          },
        ]
      }
      build = {
        trust = { Service = "codebuild.amazonaws.com" }
        statements = [
          {
            Sid      = "ReadTheSource"
            Effect   = "Allow"
            Action   = ["s3:GetObject", "s3:GetObjectVersion"]
            Resource = [local.artifacts]
          },
          {
            Sid      = "Release"
            Effect   = "Allow"
            Action   = ["s3:PutObject"]
            Resource = ["${local.code}/releases/*"]
          },
          {
            Sid      = "Log"
            Effect   = "Allow"
            Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
            Resource = ["${local.logs}:/aws/codebuild/${var.name}:log-stream:*"]
          },
        ]
      }
    },
    var.github == null ? {} : {
      github = {
        trust = { Federated = "arn:${local.partition}:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com" }
        statements = [
          {
            Sid      = "Release"
            Effect   = "Allow"
            Action   = ["s3:PutObject"]
            Resource = ["${local.code}/releases/*"]
          },
        ]
      }
    },
  )

  only_from = {
    aws = { StringEquals = { "aws:SourceAccount" = local.account } }
    github = var.github == null ? {} : {
      StringEquals = {
        "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
        "token.actions.githubusercontent.com:sub" = "repo:${var.github.repository}:ref:refs/heads/${var.github.branch}"
      }
    }
  }
}

resource "aws_iam_openid_connect_provider" "github" {
  count = try(var.github.create_provider, false) ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
  tags           = local.tags
}

resource "aws_iam_role" "delivery" {
  for_each = local.delivery

  name        = "${var.name}-delivery-${each.key}"
  description = "wistia-elt: delivery, ${each.key}"
  tags        = local.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Only"
      Effect    = "Allow"
      Action    = each.key == "github" ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole"
      Principal = each.value.trust
      Condition = each.key == "github" ? local.only_from.github : local.only_from.aws
    }]
  })
}

resource "aws_iam_policy" "delivery" {
  for_each = local.delivery

  name        = "${var.name}-delivery-${each.key}"
  description = "wistia-elt: what delivery's ${each.key} does"
  policy      = jsonencode({ Version = "2012-10-17", Statement = concat(each.value.statements, local.with_key) })
  tags        = local.tags
}

resource "aws_iam_role_policy_attachment" "delivery" {
  for_each = local.delivery

  role       = aws_iam_role.delivery[each.key].name
  policy_arn = aws_iam_policy.delivery[each.key].arn
}
