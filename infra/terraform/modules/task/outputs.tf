output "arn" {
  description = "The task definition, of this very revision."
  value       = aws_ecs_task_definition.this.arn
}

output "family" {
  description = "Family of the task definition."
  value       = aws_ecs_task_definition.this.family
}

output "role_arns" {
  description = "Roles: `execution` starts the task, `task` is what the process may do."
  value       = { execution = aws_iam_role.execution.arn, task = aws_iam_role.task.arn }
}
