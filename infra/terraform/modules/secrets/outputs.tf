output "arns" {
  description = "ARNs by name, each once it has a value."
  value       = { for name, version in aws_secretsmanager_secret_version.this : name => version.arn }
}
