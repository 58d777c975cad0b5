# What people, the crawler, the worker's surroundings and delivery may do.

locals {
  analyst = [
    {
      Sid      = "Ask"
      Effect   = "Allow"
      Action   = ["athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution"]
      Resource = ["${local.athena}/${local.workgroup.analysts}"]
    },
    {
      Sid      = "ReadTheCatalog"
      Effect   = "Allow"
      Action   = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"]
      Resource = concat(local.catalog, [for layer in ["silver", "gold", "pages"] : "${local.glue}:database/${local.database[layer]}"], [for layer in ["silver", "gold", "pages"] : "${local.glue}:table/${local.database[layer]}/*"])
    },
    {
      Sid      = "ListTables"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [for zone in ["silver", "gold", "results"] : local.bucket_arn[zone]]
    },
    {
      Sid      = "ReadTables"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = [for zone in ["silver", "gold"] : "${local.bucket_arn[zone]}/*"]
    },
    {
      Sid      = "KeepResults"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
      Resource = ["${local.bucket_arn.results}/analysts/*"]
    },
  ]

  crawling = [
    {
      Sid      = "ReadBronze"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_arn.bronze}/raw-data/*"]
    },
    {
      Sid      = "ListBronze"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [local.bucket_arn.bronze]
    },
    {
      Sid      = "AddPartitions"
      Effect   = "Allow"
      Action   = ["glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreatePartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:UpdatePartition", "glue:UpdateTable"]
      Resource = ["${local.glue}:catalog", "${local.glue}:database/${local.database.bronze}", "${local.glue}:table/${local.database.bronze}/*"]
    },
    {
      # Glue's crawlers of an account share this log group; Glue makes it.
      Sid      = "Log"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${local.logs}:/aws-glue/crawlers", "${local.logs}:/aws-glue/crawlers:log-stream:*"]
    },
  ]

  worker = concat(
    [
      {
        Sid      = "Log"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${local.logs}:/${var.name}/pipeline", "${local.logs}:/${var.name}/pipeline:log-stream:*"]
      },
      {
        Sid      = "Tell"
        Effect   = "Allow"
        Action   = ["sns:GetTopicAttributes", "sns:Publish"]
        Resource = [aws_sns_topic.alerts.arn]
      },
      {
        Sid      = "FindTheCode"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [local.bucket_arn.code]
      },
      {
        Sid      = "FetchTheCode"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = ["${local.bucket_arn.code}/releases/*"]
      },
    ],
    var.delivery == null ? [] : [
      {
        Sid      = "Deploy"
        Effect   = "Allow"
        Action   = ["codepipeline:GetPipelineExecution", "codepipeline:GetPipelineState", "codepipeline:StartPipelineExecution"]
        Resource = ["arn:${local.partition}:codepipeline:${local.region}:${local.account}:${local.pipeline}"]
      },
    ],
    var.kms_key_arn == null ? [] : [
      {
        Sid       = "UseTheKey"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${local.region}.amazonaws.com", "sns.${local.region}.amazonaws.com"] } }
      },
    ],
  )
}
