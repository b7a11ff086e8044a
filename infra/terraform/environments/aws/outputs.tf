output "balancer_dns_name" {
  description = "What the public name is to point to, as a CNAME or an alias."
  value       = module.edge.dns_name
}

output "migrate_command" {
  description = "Brings the database up to date: to be run before processes of a newer image start."
  value       = module.migrate.command
}

output "token_secret_arn" {
  description = "Secret with the token that agents send."
  value       = module.secrets.arns["token"]
}

output "cluster" {
  description = "The cluster of ECS."
  value       = module.cluster.name
}

output "processes" {
  description = "ECS services by process."
  value       = { for name, process in module.process : name => process.name }
}

output "alerts_unseen" {
  description = "Alerts that CloudWatch cannot see; watch them with Prometheus or with Spark's own notifier."
  value       = module.alarms.unseen
}
