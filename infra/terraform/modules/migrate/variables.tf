variable "prefix" {
  description = "Prefix of all names."
  type        = string
}

variable "image" {
  description = "Spark's image, that of the version to come."
  type        = string
}

variable "cpu_architecture" {
  description = "X86_64 or ARM64, as the image is."
  type        = string
  default     = "X86_64"
}

variable "user" {
  description = "uid:gid inside the container."
  type        = string
  default     = "10001:10001"
}

variable "environment" {
  description = "Settings that are no secret; SPARK_DATABASE_URL among them."
  type        = map(string)

  validation {
    condition     = contains(keys(var.environment), "SPARK_DATABASE_URL")
    error_message = "environment must have SPARK_DATABASE_URL."
  }
}

variable "secrets" {
  description = "ARNs in Secrets Manager, by the variable in which the job finds the value."
  type        = map(string)
}

variable "log_group" {
  description = "Log group: its name and its ARN."
  type        = object({ name = string, arn = string })
}

variable "cluster" {
  description = "Cluster that it runs in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets that it runs in."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of tasks."
  type        = string
}
