# What removes a person for good, and makes a lost state again: for a person who takes the role for
# as long as it takes. The custodian's role has these beside the ingester's and the builder's.

locals {
  custodian = [
    {
      Sid      = "FindOlderVersions"
      Effect   = "Allow"
      Action   = ["s3:ListBucketVersions"]
      Resource = [for zone in ["bronze", "silver", "gold", "results"] : local.bucket_arn[zone]]
    },
    {
      Sid      = "ReadOlderVersions"
      Effect   = "Allow"
      Action   = ["s3:GetObjectVersion"]
      Resource = [for folder in ["raw-data", "quarantine", "state"] : "${local.bucket_arn.bronze}/${folder}/*"]
    },
    {
      Sid    = "RemoveOlderVersions"
      Effect = "Allow"
      Action = ["s3:DeleteObjectVersion"]
      Resource = concat(
        [for folder in ["raw-data", "quarantine", "state"] : "${local.bucket_arn.bronze}/${folder}/*"],
        [for zone in ["silver", "gold", "results"] : "${local.bucket_arn[zone]}/*"],
      )
    },
    {
      # A state that is damaged, or knows a person, is made again from the manifests.
      Sid      = "RemakeState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = ["${local.bucket_arn.bronze}/state/*.json"]
    },
  ]
}
