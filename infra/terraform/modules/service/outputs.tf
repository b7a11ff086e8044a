output "name" {
  description = "Name of the ECS service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "Its task definition."
  value       = module.task.arn
}

output "role_arns" {
  description = "Roles of its tasks."
  value       = module.task.role_arns
}
