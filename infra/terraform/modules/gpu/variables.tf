variable "name" {
  description = "Prefix of all names."
  type        = string

  validation {
    condition     = !can(regex("^(aws|ecs|fargate)", lower(var.name)))
    error_message = "name must not begin with aws, ecs or fargate: no capacity provider may."
  }
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in zones that have the instance type."
  type        = list(string)
}

variable "cluster_name" {
  description = "Cluster that the instances join."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of that cluster."
  type        = string
}

variable "instance_type" {
  description = "An instance with one NVIDIA GPU: g5 (A10G, 24 GB) or g6 (L4, 24 GB)."
  type        = string
  default     = "g6.xlarge"

  validation {
    condition     = can(regex("^g(5|6|6e)\\.[a-z0-9]+$", var.instance_type))
    error_message = "instance_type must be of g5, g6 or g6e."
  }
}

variable "max_instances" {
  description = "Most instances at a time; the least is none."
  type        = number
  default     = 1

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 10
    error_message = "max_instances must lie between 1 and 10."
  }
}

variable "spot" {
  description = "Whether they are spare capacity, a third of the price, that may go within two minutes."
  type        = bool
  default     = false
}

variable "disk_gib" {
  description = "Disk of each, GiB."
  type        = number
  default     = 100

  validation {
    condition     = var.disk_gib >= 50
    error_message = "disk_gib must be 50 or more: the image of inference alone takes half of that."
  }
}

variable "ami_id" {
  description = "Image of the instances; null takes the newest that ECS recommends for GPUs."
  type        = string
  default     = null
}
