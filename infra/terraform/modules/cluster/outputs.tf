output "name" {
  description = "Name of the cluster, once its capacity providers are there."
  value       = aws_ecs_cluster.this.name
  depends_on  = [aws_ecs_cluster_capacity_providers.this]
}

output "arn" {
  description = "The cluster."
  value       = aws_ecs_cluster.this.arn
  depends_on  = [aws_ecs_cluster_capacity_providers.this]
}

output "log_group" {
  description = "Log group of all processes: its name and its ARN."
  value       = { name = aws_cloudwatch_log_group.this.name, arn = aws_cloudwatch_log_group.this.arn }
}

output "task_security_group_id" {
  description = "Security group of all tasks, once they can reach what they need."
  value       = aws_security_group.tasks.id
  depends_on  = [aws_vpc_security_group_egress_rule.inside, aws_vpc_security_group_egress_rule.https]
}
