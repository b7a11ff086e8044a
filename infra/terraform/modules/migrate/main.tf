# The job that brings the database up to date, run before processes of a newer image start.

module "task" {
  source = "../task"

  prefix           = var.prefix
  name             = "migrate"
  image            = var.image
  command          = ["migrate"]
  cpu              = 256
  memory           = 512
  cpu_architecture = var.cpu_architecture
  user             = var.user
  environment      = var.environment
  secrets          = var.secrets
  probed           = false
  log_group        = var.log_group
}

# A resource, so that `-target` of this module makes all that the command needs, and tells it.
resource "terraform_data" "command" {
  input = join(" ", [
    "aws ecs run-task --cluster ${var.cluster} --launch-type FARGATE --task-definition ${module.task.arn}",
    "--network-configuration 'awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${var.security_group_id}],assignPublicIp=DISABLED}'",
  ])
}
