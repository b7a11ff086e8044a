variable "name" {
  description = "Prefix of all names."
  type        = string
}

variable "vpc_id" {
  description = "The network it is in."
  type        = string
}

variable "subnet_id" {
  description = "Private subnet that it runs in; its disk lies in the same zone."
  type        = string
}

variable "client_security_group_ids" {
  description = "Security groups that may connect, by a word for each."
  type        = map(string)
}

variable "image" {
  description = "Image of NATS for arm64, with a tag or a digest."
  type        = string

  validation {
    condition     = can(regex("(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image must end in a tag other than latest, or in a digest."
  }
}

variable "instance_type" {
  description = "An instance of arm64; 2 GiB of memory do."
  type        = string
  default     = "t4g.small"

  validation {
    condition     = can(regex("^[a-z]+[0-9]+g[a-z]*\\.", var.instance_type))
    error_message = "instance_type must be one of arm64, such as t4g.small."
  }
}

variable "disk_gib" {
  description = "Disk of the streams, GiB; they keep 1 GiB each at most."
  type        = number
  default     = 20

  validation {
    condition     = var.disk_gib >= 10
    error_message = "disk_gib must be 10 or more."
  }
}

variable "keep_snapshot" {
  description = "Whether a snapshot of the disk stays when it is deleted."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "Key of its disks; null takes the account's own key of EBS."
  type        = string
  default     = null
}

variable "ami_id" {
  description = "Image of the instance; null takes the newest Amazon Linux 2023. Another one is taken when it is made anew."
  type        = string
  default     = null
}

variable "url_secret_arn" {
  description = "Secret with the URL of the bus, nats://TOKEN@HOST:4222."
  type        = string
}

variable "url_generation" {
  description = "Raise it with that of the secret, so that the instance is made anew and reads it; its disk stays."
  type        = number
  default     = 1
}

variable "host" {
  description = "Name under which it is reached inside the network."
  type        = string
}

variable "private_zone_id" {
  description = "Hosted zone of that name."
  type        = string
}

variable "metric_namespace" {
  description = "Namespace in CloudWatch of what waits on the bus."
  type        = string
}
