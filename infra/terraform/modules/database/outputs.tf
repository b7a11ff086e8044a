output "endpoint" {
  description = "Host of the writer."
  value       = aws_rds_cluster.this.endpoint
}

# RDS signs with an authority that no system knows, so `require` encrypts and does not check whom it speaks to.
output "url" {
  description = "SPARK_DATABASE_URL without the password, which PGPASSWORD has."
  value       = "postgresql://spark@${aws_rds_cluster.this.endpoint}:5432/spark?sslmode=require"
}

output "cluster_identifier" {
  description = "Name of the cluster, for metrics."
  value       = aws_rds_cluster.this.cluster_identifier
}

output "security_group_id" {
  description = "Security group of the cluster."
  value       = aws_security_group.this.id
}
