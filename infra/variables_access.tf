# Who may take the roles, where code comes from, who is told.

variable "worker_principals" {
  description = "ARNs that may take the worker's and the stages' roles. Empty: whoever in this account may assume roles."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.worker_principals : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:", arn))])
    error_message = "worker_principals must be ARNs of users, roles or accounts, such as arn:aws:iam::123456789012:role/scheduler."
  }
}

variable "worker_services" {
  description = "Services that run the worker, such as ec2.amazonaws.com or ecs-tasks.amazonaws.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for service in var.worker_services : can(regex("^[a-z0-9.-]+\\.amazonaws\\.com$", service))])
    error_message = "worker_services must be names such as ec2.amazonaws.com."
  }
}

variable "analyst_principals" {
  description = "ARNs that may take the analysts' role. Empty: whoever in this account may assume roles."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.analyst_principals : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:", arn))])
    error_message = "analyst_principals must be ARNs of users, roles or accounts, such as arn:aws:iam::123456789012:role/analysts."
  }
}

variable "custodian_principals" {
  description = "ARNs that may take the custodian's role, which removes versions of objects for good. Empty: whoever in this account may assume roles."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.custodian_principals : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:", arn))])
    error_message = "custodian_principals must be ARNs of users, roles or accounts, such as arn:aws:iam::123456789012:role/privacy."
  }
}

variable "delivery" {
  description = "CodePipeline on a push: the connection to the repository (made and confirmed once in the console), owner/name, branch. Null: none."
  type = object({
    connection_arn = string
    repository     = string
    branch         = optional(string, "main")
  })
  default = null

  validation {
    condition     = var.delivery == null || can(regex("^arn:aws[a-z-]*:(codeconnections|codestar-connections):", var.delivery.connection_arn))
    error_message = "delivery.connection_arn must be the ARN of a connection, arn:aws:codeconnections:…."
  }

  validation {
    condition     = var.delivery == null || can(regex("^[^/ ]+/[^/ ]+$", var.delivery.repository))
    error_message = "delivery.repository must be owner/name."
  }
}

variable "github" {
  description = "GitHub Actions delivers instead, without a stored key: owner/name, branch, and whether this account has GitHub's identity provider already. Null: none."
  type = object({
    repository      = string
    branch          = optional(string, "main")
    create_provider = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.github == null || can(regex("^[^/ *]+/[^/ *]+$", var.github.repository))
    error_message = "github.repository must be owner/name, without wildcards: anyone's workflow could deliver otherwise."
  }

  validation {
    condition     = var.github == null || !can(regex("[*?]", var.github.branch))
    error_message = "github.branch must be one branch, without wildcards."
  }
}

variable "alert_emails" {
  description = "Who is told by e-mail; each confirms once."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alert_emails must be e-mail addresses."
  }
}

variable "silent_hours" {
  description = "Hours without a query of the build after which the alarm says that the pipeline stands; a daily run needs more than 24."
  type        = number
  default     = 30

  validation {
    condition     = var.silent_hours >= 25 && var.silent_hours <= 168 && floor(var.silent_hours) == var.silent_hours
    error_message = "silent_hours must be a whole number, 25 to 168: less calls a healthy daily run silent, more CloudWatch does not watch."
  }
}

variable "monthly_budget_usd" {
  description = "Dollars a month for everything tagged project = wistia-elt; told at 80 % and when the forecast passes it. Null: no budget."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd must be more than 0."
  }

  validation {
    condition     = var.monthly_budget_usd == null || length(var.alert_emails) > 0
    error_message = "monthly_budget_usd needs alert_emails: a budget that tells nobody is none."
  }
}
