output "arn" {
  description = "The task definition, of this very revision, once ECS may start it."
  value       = aws_ecs_task_definition.this.arn
  depends_on  = [aws_iam_role_policy.execution]
}

output "family" {
  description = "Family of the task definition."
  value       = aws_ecs_task_definition.this.family
}

output "role_arns" {
  description = "Roles: `execution` starts the task, `task` is what the process may do."
  value       = { execution = aws_iam_role.execution.arn, task = aws_iam_role.task.arn }
}
