# Secrets are made here and go straight to Secrets Manager: they pass through as ephemeral values and write-only
# arguments, which Terraform keeps neither in its state nor in a plan.

ephemeral "aws_secretsmanager_random_password" "this" {
  for_each = var.templates

  password_length     = 48
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "this" {
  for_each = var.templates

  name                    = "${var.name}/${each.key}"
  description             = "${each.key} of ${var.name}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = var.templates

  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = format(each.value, ephemeral.aws_secretsmanager_random_password.this[each.key].random_password)
  secret_string_wo_version = var.generation
}
