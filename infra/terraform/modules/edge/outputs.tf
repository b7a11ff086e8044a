output "dns_name" {
  description = "Name of the balancer, for a CNAME or an alias of the public name."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "Hosted zone of that name, for an alias."
  value       = aws_lb.this.zone_id
}

output "security_group_id" {
  description = "Security group of the balancer."
  value       = aws_security_group.this.id
}

output "target_group_arns" {
  description = "Target groups by what they are for: `hooks`, `web`. Known once a listener has them."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn }
  depends_on  = [aws_lb_listener.https, aws_lb_listener_rule.hooks]
}

output "arn_suffix" {
  description = "The balancer in metrics."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn_suffixes" {
  description = "The target groups in metrics."
  value       = { for name, group in aws_lb_target_group.this : name => group.arn_suffix }
}
