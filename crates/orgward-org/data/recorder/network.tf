resource "aws_vpc" "a" {
  enable_dns_hostnames = var.third == 2
  cidr_block           = "10.0.0.0/16"
  tags                 = var.tags
}
resource "aws_vpc" "b" { cidr_block = "10.1.0.0/16" }
resource "aws_subnet" "a" {
  map_public_ip_on_launch = var.third == 2
  vpc_id                  = aws_vpc.a.id
  cidr_block              = "10.0.0.0/24"
  availability_zone       = "us-east-1a"
  tags                    = var.tags
}
resource "aws_subnet" "b" {
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "us-east-1b"
}
resource "aws_internet_gateway" "a" {
  vpc_id = aws_vpc.a.id
  tags   = var.tags
}
resource "aws_route_table" "a" {
  vpc_id = aws_vpc.a.id
  tags   = var.tags
}
resource "aws_route" "a" {
  route_table_id         = aws_route_table.a.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.a.id
}
resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.a.id
}
resource "aws_main_route_table_association" "a" {
  vpc_id         = aws_vpc.a.id
  route_table_id = aws_route_table.a.id
}
resource "aws_security_group" "a" {
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.${var.third}.0.0/16"]
  }
  name   = "recorded"
  vpc_id = aws_vpc.a.id
  tags   = var.tags
}
resource "aws_vpc_security_group_ingress_rule" "a" {
  security_group_id = aws_security_group.a.id
  cidr_ipv4         = "10.0.${var.number}.0/24"
  from_port         = 80
  to_port           = 80
  ip_protocol       = "tcp"
  tags              = var.tags
}
resource "aws_vpc_security_group_egress_rule" "a" {
  security_group_id = aws_security_group.a.id
  cidr_ipv4         = "10.0.${var.number}.0/24"
  ip_protocol       = "-1"
  tags              = var.tags
}
resource "aws_network_acl" "a" {
  vpc_id = aws_vpc.a.id
  tags   = var.tags
}
resource "aws_network_acl_rule" "a" {
  network_acl_id = aws_network_acl.a.id
  rule_number    = 200
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/24"
  from_port      = 22
  to_port        = 22
}
resource "aws_eip" "a" {
  domain = "vpc"
  tags   = var.tags
}
resource "aws_eip" "b" { domain = "vpc" }
resource "aws_nat_gateway" "a" {
  allocation_id = aws_eip.a.id
  subnet_id     = aws_subnet.a.id
  tags          = var.tags
}
resource "aws_network_interface" "a" {
  subnet_id = aws_subnet.a.id
  tags      = var.tags
}
resource "aws_instance" "a" {
  ami           = "ami-12c6146b"
  instance_type = var.third == 2 ? "t3.small" : "t3.micro"
  subnet_id     = aws_subnet.a.id
  tags          = var.tags
}
resource "aws_eip_association" "a" {
  instance_id   = aws_instance.a.id
  allocation_id = aws_eip.b.id
}
resource "aws_ebs_volume" "a" {
  type              = var.third == 2 ? "gp3" : "gp2"
  availability_zone = "us-east-1a"
  size              = 10 + var.number
  tags              = var.tags
}
resource "aws_volume_attachment" "a" {
  device_name = "/dev/sdh"
  volume_id   = aws_ebs_volume.a.id
  instance_id = aws_instance.a.id
}
resource "aws_ebs_snapshot" "a" {
  volume_id = aws_ebs_volume.a.id
  tags      = var.tags
}
resource "aws_ami" "a" {
  name             = "recorded"
  root_device_name = "/dev/xvda"
  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = aws_ebs_snapshot.a.id
    volume_size = 20
  }
  tags = var.tags
}
resource "aws_key_pair" "a" {
  key_name   = "recorded"
  public_key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQD3F6tyPEFEzV0LX3X8BsXdMsQz1x2cEikKDEY0aIj41qgxMCP/iteneqXSIFZBp5vizPvaoIR3Um9xK7PGoW8giupGn+EPuxIA4cDM4vzOqOkiMPhz5XK0whEjkVzTo4+S0puvDZuwIsdiW9mxhJc7tgBNL0cYlWSYVkz4G/fslNfRPW5mYAM49f4fhtxPb5ok4Q2Lg9dPKVHO/Bgeu5woMc7RY0p1ej6D4CKFE6lymSDJpW0YHX/wqE9+cfEauh7xZcG0q9t2ta6F6fmX0agvpFyZo8aFbXeUBr7osSCJNgvavWbM/06niWrOvYX2xwWdhXmXSrbX8ZbabVohBK41 a@example.com"
  tags       = var.tags
}
resource "aws_launch_template" "a" {
  instance_type = var.third == 2 ? "t3.small" : "t3.micro"
  name          = "recorded"
  description   = var.text
  tags          = var.tags
}
resource "aws_vpc_endpoint" "a" {
  policy       = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = "*", Action = "s3:*", Resource = var.third == 2 ? "arn:aws:s3:::a" : "*" }] })
  vpc_id       = aws_vpc.a.id
  service_name = "com.amazonaws.us-east-1.s3"
  tags         = var.tags
}
resource "aws_vpc_peering_connection" "a" {
  vpc_id      = aws_vpc.a.id
  peer_vpc_id = aws_vpc.b.id
  auto_accept = true
  tags        = var.tags
}
resource "aws_vpc_dhcp_options" "a" {
  domain_name_servers = ["8.8.8.8"]
  tags                = var.tags
}
resource "aws_vpc_dhcp_options_association" "a" {
  vpc_id          = aws_vpc.a.id
  dhcp_options_id = aws_vpc_dhcp_options.a.id
}
resource "aws_vpc_ipv4_cidr_block_association" "a" {
  vpc_id     = aws_vpc.b.id
  cidr_block = "10.2.0.0/16"
}
resource "aws_flow_log" "a" {
  max_aggregation_interval = 600
  log_destination          = aws_s3_bucket.logs.arn
  log_destination_type     = "s3"
  traffic_type             = "ALL"
  vpc_id                   = aws_vpc.a.id
  tags                     = var.tags
}
resource "aws_customer_gateway" "a" {
  bgp_asn    = 65000
  ip_address = "172.83.124.10"
  type       = "ipsec.1"
  tags       = var.tags
}
resource "aws_vpn_gateway" "a" {
  vpc_id = aws_vpc.b.id
  tags   = var.tags
}
resource "aws_vpn_connection" "a" {
  vpn_gateway_id      = aws_vpn_gateway.a.id
  customer_gateway_id = aws_customer_gateway.a.id
  type                = "ipsec.1"
  static_routes_only  = true
  tags                = var.tags
}
resource "aws_ec2_transit_gateway" "a" {
  description = var.text
  tags        = var.tags
}
resource "aws_ec2_transit_gateway_route_table" "a" {
  transit_gateway_id = aws_ec2_transit_gateway.a.id
  tags               = var.tags
}
resource "aws_ec2_transit_gateway_vpc_attachment" "a" {
  subnet_ids         = [aws_subnet.a.id]
  transit_gateway_id = aws_ec2_transit_gateway.a.id
  vpc_id             = aws_vpc.a.id
  tags               = var.tags
}
resource "aws_egress_only_internet_gateway" "a" {
  vpc_id = aws_vpc.a.id
  tags   = var.tags
}
resource "aws_ebs_encryption_by_default" "a" { enabled = var.number == 1 }
resource "aws_ec2_managed_prefix_list" "a" {
  name           = "recorded"
  address_family = "IPv4"
  max_entries    = 5
  tags           = var.tags
}
resource "aws_ec2_tag" "a" {
  resource_id = aws_vpc.b.id
  key         = "a"
  value       = var.text
}
resource "aws_lb" "a" {
  enable_cross_zone_load_balancing = var.third == 2
  name                             = "recorded"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = [aws_subnet.a.id, aws_subnet.b.id]
  tags                             = var.tags
}
resource "aws_lb_target_group" "a" {
  deregistration_delay = 100 * var.third
  name                 = "recorded"
  port                 = 80
  protocol             = "TCP"
  vpc_id               = aws_vpc.a.id
  tags                 = var.tags
}
resource "aws_lb_listener" "a" {
  load_balancer_arn = aws_lb.a.arn
  port              = 80 + var.number
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.a.arn
  }
  tags = var.tags
}
resource "aws_lb_target_group_attachment" "a" {
  target_group_arn = aws_lb_target_group.a.arn
  target_id        = aws_instance.a.id
}
resource "aws_launch_configuration" "a" {
  name          = "recorded"
  image_id      = "ami-12c6146b"
  instance_type = "t3.micro"
}
resource "aws_autoscaling_group" "a" {
  name                = "recorded"
  max_size            = var.number
  min_size            = var.third - 1
  vpc_zone_identifier = [aws_subnet.a.id]
  launch_template {
    id = aws_launch_template.a.id
  }
}
resource "aws_autoscaling_policy" "a" {
  name                   = "recorded"
  scaling_adjustment     = var.number
  adjustment_type        = "ChangeInCapacity"
  autoscaling_group_name = aws_autoscaling_group.a.name
}
resource "aws_autoscaling_schedule" "a" {
  scheduled_action_name  = "recorded"
  min_size               = 0
  max_size               = 1
  desired_capacity       = 0
  recurrence             = "0 ${var.number} * * *"
  autoscaling_group_name = aws_autoscaling_group.a.name
}
resource "aws_route53_zone" "a" {
  name    = "example.com"
  comment = var.text
  tags    = var.tags
}
resource "aws_route53_record" "a" {
  zone_id = aws_route53_zone.a.id
  name    = "www.example.com"
  type    = "A"
  ttl     = 300 + var.number
  records = ["10.0.0.1"]
}
resource "aws_route53_health_check" "a" {
  fqdn              = "example.com"
  port              = 80
  type              = "HTTP"
  failure_threshold = var.number
  request_interval  = 30
  tags              = var.tags
}
resource "aws_cloudfront_origin_access_control" "a" {
  name                              = "recorded"
  description                       = var.text
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}
resource "aws_cloudfront_distribution" "a" {
  enabled             = false
  comment             = var.text
  wait_for_deployment = false
  origin {
    domain_name = "example.com"
    origin_id   = "a"
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }
  default_cache_behavior {
    allowed_methods        = ["GET", "HEAD"]
    cached_methods         = ["GET", "HEAD"]
    target_origin_id       = "a"
    viewer_protocol_policy = "https-only"
    forwarded_values {
      query_string = false
      cookies { forward = "none" }
    }
  }
  restrictions {
    geo_restriction { restriction_type = "none" }
  }
  viewer_certificate { cloudfront_default_certificate = true }
  tags = var.tags
}
resource "aws_wafv2_ip_set" "a" {
  name               = "recorded"
  description        = var.text
  scope              = "REGIONAL"
  ip_address_version = "IPV4"
  addresses          = ["10.0.0.0/24"]
  tags               = var.tags
}
resource "aws_wafv2_web_acl" "a" {
  description = "number ${var.third}"
  name        = "recorded"
  scope       = "REGIONAL"
  default_action {
    allow {}
  }
  visibility_config {
    cloudwatch_metrics_enabled = false
    metric_name                = "a"
    sampled_requests_enabled   = false
  }
  tags = var.tags
}
resource "aws_service_discovery_http_namespace" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_service_discovery_private_dns_namespace" "a" {
  name = "recorded.local"
  vpc  = aws_vpc.a.id
  tags = var.tags
}
resource "aws_networkmanager_global_network" "a" {
  description = var.text
  tags        = var.tags
}
