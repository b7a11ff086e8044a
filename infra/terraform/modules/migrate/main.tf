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

data "aws_region" "here" {}

locals {
  aws = "aws ecs --region ${data.aws_region.here.name}"
  network = "awsvpcConfiguration={${join(",", [
    "subnets=[${join(",", var.subnet_ids)}]", "securityGroups=[${var.security_group_id}]", "assignPublicIp=DISABLED",
  ])}}"
}

# A resource, so that `-target` of this module makes all that the command needs, and tells it. ECS answers as soon as it
# has taken the job: the command waits for its end, for processes that start on an older schema end by themselves.
resource "terraform_data" "command" {
  input = <<-EOT
    task=$(${local.aws} run-task --cluster ${var.cluster} --launch-type FARGATE --task-definition ${module.task.arn} \
      --network-configuration '${local.network}' --query 'tasks[0].taskArn' --output text) \
      && ${local.aws} wait tasks-stopped --cluster ${var.cluster} --tasks "$task" \
      && status=$(${local.aws} describe-tasks --cluster ${var.cluster} --tasks "$task" \
        --query 'tasks[0].containers[0].exitCode' --output text) \
      && test "$status" = 0 || { echo "not migrated; its log begins with migrate/ in ${var.log_group.name}" >&2; exit 1; }
  EOT
}
