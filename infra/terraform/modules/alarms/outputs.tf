output "topic_arn" {
  description = "Topic that alarms are sent to."
  value       = aws_sns_topic.this.arn
}

output "seen" {
  description = "Alerts of chassis/slo.yaml that CloudWatch watches."
  value       = sort(distinct(concat(keys(local.seen), [for burn in values(local.burns) : burn.alert])))
}

output "unseen" {
  description = "Alerts that it cannot see: they take Spark's own figures, and so Prometheus or the notifier in a process."
  value = sort(setsubtract(
    keys(local.alerts), concat(keys(local.seen), [for burn in values(local.burns) : burn.alert])
  ))
}
