# What the stages of a run may do. tests/infra records the calls they make (those of Athena's
# engine count to who asks) and holds them against these statements: all are allowed, and
# without any one statement some call is not.

locals {
  # Athena asks for the database `default` too, whatever a query names ("Configure AWS Glue access
  # to your catalog and database per AWS Region").
  catalog = ["${local.glue}:catalog", "${local.glue}:database/default"]

  ingester = [
    {
      Sid      = "ListTheLake"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [local.bucket_arn.bronze]
    },
    {
      Sid      = "ReadAndLand"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = [for folder in ["raw-data", "quarantine", "state"] : "${local.bucket_arn.bronze}/${folder}/*"]
    },
    {
      # A lock that is given back, parts of a killed run that no manifest lists, what doctor tries.
      Sid      = "ReleaseAndClear"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = [for key in ["raw-data/*", "quarantine/*", "state/locks/*", "state/doctor.json"] : "${local.bucket_arn.bronze}/${key}"]
    },
    {
      Sid      = "ReadTheToken"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [aws_secretsmanager_secret.wistia.arn]
    },
  ]

  crawl = var.crawler ? [
    {
      Sid      = "StartTheCrawler"
      Effect   = "Allow"
      Action   = ["glue:GetCrawler", "glue:StartCrawler"]
      Resource = ["${local.glue}:crawler/${local.crawler}"]
    },
  ] : []

  builder = [
    {
      Sid      = "Ask"
      Effect   = "Allow"
      Action   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution", "athena:StopQueryExecution"]
      Resource = ["${local.athena}/${local.workgroup.build}"]
    },
    {
      Sid      = "ReadTheCatalog"
      Effect   = "Allow"
      Action   = ["glue:BatchGetPartition", "glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:GetTableVersions"]
      Resource = concat(local.catalog, [for layer in ["bronze", "silver", "gold", "pages"] : "${local.glue}:database/${local.database[layer]}"], [for layer in ["bronze", "silver", "gold", "pages"] : "${local.glue}:table/${local.database[layer]}/*"])
    },
    {
      Sid      = "WriteTheCatalog"
      Effect   = "Allow"
      Action   = ["glue:CreateTable", "glue:DeleteTable", "glue:DeleteTableVersion", "glue:UpdateTable"]
      Resource = concat(["${local.glue}:catalog"], [for layer in ["silver", "gold", "pages"] : "${local.glue}:database/${local.database[layer]}"], [for layer in ["silver", "gold", "pages"] : "${local.glue}:table/${local.database[layer]}/*"])
    },
    {
      Sid      = "AddPartitions"
      Effect   = "Allow"
      Action   = ["glue:BatchCreatePartition"]
      Resource = concat(["${local.glue}:catalog", "${local.glue}:database/${local.database.bronze}"], ["${local.glue}:table/${local.database.bronze}/*"])
    },
    {
      Sid      = "ListBuckets"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [for zone in ["bronze", "silver", "gold", "results"] : local.bucket_arn[zone]]
    },
    {
      Sid      = "ReadBronze"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_arn.bronze}/raw-data/*", "${local.bucket_arn.bronze}/state/*"]
    },
    {
      Sid      = "RecordTheRun"
      Effect   = "Allow"
      Action   = ["s3:PutObject", "s3:PutObjectTagging"]
      Resource = ["${local.bucket_arn.bronze}/state/*"]
    },
    {
      Sid      = "ReleaseTheLock"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = ["${local.bucket_arn.bronze}/state/locks/*"]
    },
    {
      Sid      = "WriteTables"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
      Resource = [for zone in ["silver", "gold", "results"] : "${local.bucket_arn[zone]}/*"]
    },
  ]

  publisher = [
    {
      Sid      = "Ask"
      Effect   = "Allow"
      Action   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution", "athena:StopQueryExecution"]
      Resource = ["${local.athena}/${local.workgroup.build}"]
    },
    {
      Sid      = "ReadTheCatalog"
      Effect   = "Allow"
      Action   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
      Resource = concat(local.catalog, ["${local.glue}:database/${local.database.pages}", "${local.glue}:table/${local.database.pages}/*"])
    },
    {
      Sid      = "ListBuckets"
      Effect   = "Allow"
      Action   = ["s3:GetBucketLocation", "s3:ListBucket"]
      Resource = [for zone in ["bronze", "gold", "results", "site"] : local.bucket_arn[zone]]
    },
    {
      Sid      = "RecordTheRun"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
      Resource = [for key in ["runs/*", "locks/*", "ended_runs.json.gz"] : "${local.bucket_arn.bronze}/state/${key}"]
    },
    {
      Sid      = "ReleaseTheLock"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = ["${local.bucket_arn.bronze}/state/locks/*"]
    },
    {
      Sid      = "ReadPagesTables"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_arn.gold}/*"]
    },
    {
      Sid      = "HandOver"
      Effect   = "Allow"
      Action   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = ["${local.bucket_arn.results}/*"]
    },
    {
      Sid      = "PublishTheSite"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = ["${local.bucket_arn.site}/*"]
    },
  ]
}
