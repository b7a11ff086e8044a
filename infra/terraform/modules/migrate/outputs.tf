output "task_definition_arn" {
  description = "The job's task definition."
  value       = module.task.arn
}

output "command" {
  description = "Starts the job; it ends with exit status 0 when the database is up to date."
  value = join(" ", [
    "aws ecs run-task --cluster ${var.cluster} --launch-type FARGATE --task-definition ${module.task.arn}",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${var.security_group_id}],assignPublicIp=DISABLED}'",
  ])
}
