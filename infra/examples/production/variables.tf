variable "region" {
  description = "Where everything lives."
  type        = string
}

variable "name" {
  description = "What everything is called after. Another lake needs another name in another state."
  type        = string
  default     = "wistia-elt"
}

variable "tags" {
  description = "Your own tags, such as cost centre and owner."
  type        = map(string)
  default     = {}
}

variable "access_log_bucket" {
  description = "The bucket that takes the company's S3 access logs."
  type        = string
  default     = null
}

variable "worker_principals" {
  description = "Who may act as the worker beside EC2, for repairs."
  type        = list(string)
  default     = []
}

variable "analyst_principals" {
  description = "Who may ask: usually one role of your sign-on."
  type        = list(string)
  default     = []
}

variable "custodian_principals" {
  description = "Who may remove a person for good: whoever answers such requests."
  type        = list(string)
  default     = []
}

variable "delivery" {
  description = "The confirmed connection and the repository for CodePipeline; null without."
  type = object({
    connection_arn = string
    repository     = string
    branch         = optional(string, "main")
  })
  default = null
}

variable "github" {
  description = "Delivery from GitHub Actions instead; null without."
  type = object({
    repository      = string
    branch          = optional(string, "main")
    create_provider = optional(bool, true)
  })
  default = null
}

variable "alert_emails" {
  description = "Who is told when something stands still or costs too much."
  type        = list(string)
}

variable "monthly_budget_usd" {
  description = "Told at 80 % of it and when the forecast passes it."
  type        = number
  default     = 50
}

variable "force_destroy" {
  description = "true lets destroy remove buckets with data in them."
  type        = bool
  default     = false
}
