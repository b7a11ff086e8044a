output "address" {
  description = "What SPARK_<SERVICE>_ADDR is set to."
  value       = "grpcs://${var.host}"
}

output "target_group_arns" {
  description = "Target groups by process, known once the listener has them."
  value       = { for process, group in aws_lb_target_group.this : process => group.arn }
  depends_on  = [aws_lb_listener_rule.service]
}

output "target_group_arn_suffixes" {
  description = "Target groups by process, in metrics."
  value       = { for process, group in aws_lb_target_group.this : process => group.arn_suffix }
}

output "arn_suffix" {
  description = "The balancer in metrics."
  value       = aws_lb.this.arn_suffix
}

output "security_group_id" {
  description = "Security group of the balancer."
  value       = aws_security_group.this.id
}
