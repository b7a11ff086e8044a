output "host" {
  description = "Name under which it is reached."
  value       = aws_route53_record.this.fqdn
}

# A process that does not find NATS ends, and three that end are the end of a roll-out: so they come after it.
output "url_secret_arn" {
  description = "The secret with its URL, once the instance has its disk and its name."
  value       = var.url_secret_arn
  depends_on  = [aws_route53_record.this, aws_volume_attachment.data, aws_vpc_security_group_ingress_rule.clients]
}

output "security_group_id" {
  description = "Security group of the bus."
  value       = aws_security_group.this.id
}

# Of the whole bus, without dimensions, each minute. `Waiting` is in all consumers together.
output "metrics" {
  description = "What it tells CloudWatch, by what it is: the namespace and the name of each metric."
  value = {
    for key, name in {
      waiting      = "Waiting"
      learning     = "LearningBehind"
      preparations = "PreparationsWaiting"
      dead_letters = "DeadLetters"
      store_free   = "StoreFree"
    } : key => { namespace = var.metric_namespace, name = name }
  }
}

output "instance_id" {
  description = "The instance."
  value       = aws_instance.this.id
}
