# NATS on one small instance with a disk that outlives it. JetStream wants a disk of blocks: its authors advise against
# NFS, which is all that Fargate could keep.

data "aws_subnet" "this" {
  id = var.subnet_id
}

data "aws_region" "here" {}

data "aws_ssm_parameter" "image" {
  count = var.ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_security_group" "this" {
  name        = "${var.name}-bus"
  description = "NATS of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = "NATS for ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 4222
  to_port                      = 4222
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "Packages, the image, the secret, figures"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_ebs_volume" "data" {
  availability_zone = data.aws_subnet.this.availability_zone
  type              = "gp3"
  size              = var.disk_gib
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  final_snapshot    = var.keep_snapshot

  tags = { Name = "${var.name}-bus" }
}

resource "aws_instance" "this" {
  ami                         = var.ami_id == null ? data.aws_ssm_parameter.image[0].insecure_value : var.ami_id
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this.id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.this.name
  # Its figures by the minute are its own; CloudWatch's by five minutes cost nothing.
  monitoring                  = false
  user_data_replace_on_change = true

  user_data = templatefile("${path.module}/start.sh.tftpl", {
    volume     = aws_ebs_volume.data.id
    image      = var.image
    secret     = var.url_secret_arn
    region     = data.aws_region.here.name
    namespace  = var.metric_namespace
    generation = var.url_generation
    figures    = file("${path.module}/figures.py")
  })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type           = "gp3"
    volume_size           = 10
    encrypted             = true
    kms_key_id            = var.kms_key_arn
    delete_on_termination = true
  }

  tags = { Name = "${var.name}-bus" }

  # A newer image is taken when something else replaces the instance, not in the middle of a day's work.
  lifecycle {
    ignore_changes = [ami]
  }

  # It starts once, and cannot without its rights and its way out.
  depends_on = [aws_iam_role_policy.this, aws_vpc_security_group_egress_rule.https]
}

resource "aws_volume_attachment" "data" {
  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.data.id
  instance_id                    = aws_instance.this.id
  stop_instance_before_detaching = true
}

resource "aws_route53_record" "this" {
  zone_id = var.private_zone_id
  name    = var.host
  type    = "A"
  ttl     = 10
  records = [aws_instance.this.private_ip]
}
