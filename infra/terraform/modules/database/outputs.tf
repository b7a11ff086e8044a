output "endpoint" {
  description = "Host of the writer."
  value       = aws_rds_cluster.this.endpoint
}

# RDS signs with an authority that no system knows, so `require` encrypts and does not check whom it speaks to.
output "url" {
  description = "SPARK_DATABASE_URL without the password, which PGPASSWORD has; once it can be connected to."
  value       = "postgresql://spark@${aws_rds_cluster.this.endpoint}:5432/spark?sslmode=require"
  depends_on  = [aws_rds_cluster_instance.this, aws_vpc_security_group_ingress_rule.clients]
}

output "cluster_identifier" {
  description = "Name of the cluster, for metrics."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "security_group_id" {
  description = "Security group of the cluster."
  value       = aws_security_group.this.id
}
