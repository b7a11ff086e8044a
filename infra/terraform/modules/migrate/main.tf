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
