output "task_definition_arn" {
  description = "The job's task definition."
  value       = module.task.arn
}

output "command" {
  description = "For a shell: runs the job to its end. Exit status 0 when the database is up to date."
  value       = terraform_data.command.output
}
