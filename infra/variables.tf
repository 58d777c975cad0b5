# What a company chooses. Nothing here is a secret: the token is put into the secret by hand.

variable "name" {
  description = "What everything is called after. A second lake needs a state of its own too: under the same state another name replaces this one."
  type        = string
  default     = "wistia-elt"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 24 lower-case letters, digits and hyphens, a letter first: buckets are named after it."
  }
}

variable "glue_database_prefix" {
  description = "GLUE_DATABASE_PREFIX: stands before bronze, silver, gold and pages. Null: made of the name."
  type        = string
  default     = null

  validation {
    condition     = var.glue_database_prefix == null || can(regex("^[a-z][a-z0-9_]{0,40}$", var.glue_database_prefix))
    error_message = "glue_database_prefix must be lower-case letters, digits and underscores, a letter first: Athena reads no others unquoted."
  }
}

variable "tags" {
  description = "Tags of your own on everything, beside project = wistia-elt."
  type        = map(string)
  default     = {}

  validation {
    condition     = !contains(keys(var.tags), "project")
    error_message = "tags may not hold project: the module sets it to wistia-elt, and the budget counts by it."
  }
}

variable "kms_key_arn" {
  description = "Your key for buckets, secret, topic and logs. Null: AWS's own keys, free of charge."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be a key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID; an alias will not do, policies name keys."
  }
}

variable "access_log_bucket" {
  description = "A bucket that S3 writes access logs to. Null: no access logs."
  type        = string
  default     = null
}

variable "crawler" {
  description = "Whether the Glue crawler finds new partitions; without it the run registers them itself, free of charge."
  type        = bool
  default     = true
}

variable "kept_versions_days" {
  description = "Days that a replaced or removed object of bronze stays recoverable; `wistia-elt forget` removes a person's older versions at once."
  type        = number
  default     = 30

  validation {
    condition     = var.kept_versions_days >= 1 && var.kept_versions_days <= 3650 && floor(var.kept_versions_days) == var.kept_versions_days
    error_message = "kept_versions_days must be a whole number of days, 1 to 3650."
  }
}

variable "results_days" {
  description = "Days that Athena's results are kept; a repeated question is answered from them."
  type        = number
  default     = 7

  validation {
    condition     = var.results_days >= 1 && var.results_days <= 365 && floor(var.results_days) == var.results_days
    error_message = "results_days must be a whole number of days, 1 to 365."
  }
}

variable "build_scan_limit_gb" {
  description = "Gigabytes one of dbt's queries may scan before Athena ends it; a full refresh reads all of bronze."
  type        = number
  default     = 200

  validation {
    condition     = var.build_scan_limit_gb >= 0.01
    error_message = "build_scan_limit_gb must be at least 0.01: Athena's lowest limit is 10 MB."
  }
}

variable "analyst_scan_limit_gb" {
  description = "The same for an analyst's query; Athena asks 5 USD a terabyte."
  type        = number
  default     = 20

  validation {
    condition     = var.analyst_scan_limit_gb >= 0.01
    error_message = "analyst_scan_limit_gb must be at least 0.01: Athena's lowest limit is 10 MB."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept in CloudWatch."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096 and further years."
  }
}

variable "secret_recovery_days" {
  description = "Days a destroyed secret can be restored, 7 to 30; 0 removes it at once."
  type        = number
  default     = 7

  validation {
    condition     = var.secret_recovery_days == 0 || (var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30)
    error_message = "secret_recovery_days must be 0, or 7 to 30: Secrets Manager takes no other."
  }
}

variable "force_destroy" {
  description = "Whether destroy may remove buckets that hold data, bronze included: the only archive of what Wistia has deleted."
  type        = bool
  default     = false
}
