# The secret's place, never its value: Terraform would write that into its state.

resource "aws_secretsmanager_secret" "wistia" {
  name                    = "${var.name}/wistia"
  description             = "{\"wistia_api_token\": \"…\", \"pii_hash_key\": \"…\"}; put in by hand"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.secret_recovery_days
  tags                    = local.tags
}
