# Settings that plans change most, one at a time: the second run changes what depends on `number` or `text`, the third what depends on
# `third`. Nothing in this file needs another one, so that it can be recorded by itself.
resource "aws_sqs_queue" "retention" {
  name                       = "recorded-retention"
  message_retention_seconds  = 3600 * var.number
  visibility_timeout_seconds = 30 * var.third
}
resource "aws_sqs_queue" "size" {
  name                      = "recorded-size"
  max_message_size          = 1024 * var.number
  receive_wait_time_seconds = var.third
}
resource "aws_sqs_queue" "key" {
  name                              = "recorded-key"
  kms_master_key_id                 = "alias/recorded-${var.text}"
  kms_data_key_reuse_period_seconds = 300 * var.third
}
resource "aws_sqs_queue" "document" {
  name   = "recorded-document"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "sqs:SendMessage", Resource = "*" }] })
}
resource "aws_sns_topic" "key" {
  name              = "recorded-key"
  kms_master_key_id = "alias/recorded-${var.text}"
  policy            = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "s${var.third}", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "sns:Publish", Resource = "*" }] })
}
resource "aws_kms_key" "settings" {
  enable_key_rotation = var.number == 2
  is_enabled          = var.third == 1
}
resource "aws_kms_key" "document" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" }] })
}
resource "aws_ssm_parameter" "settings" {
  name        = "/recorded/settings"
  type        = "String"
  value       = "fixed"
  description = "one ${var.text}"
}
resource "aws_ecr_repository" "settings" {
  name = "recorded-settings"
  image_scanning_configuration { scan_on_push = var.number == 2 }
}
resource "aws_iam_role" "settings" {
  name                 = "recorded-settings"
  max_session_duration = 3600 * var.number
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = "s${var.third}", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_openid_connect_provider" "settings" {
  url             = "https://recorded.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = [var.number == 1 ? "1111111111111111111111111111111111111111" : "2222222222222222222222222222222222222222"]
}
resource "aws_lambda_function" "settings" {
  function_name                  = "recorded-settings"
  role                           = aws_iam_role.settings.arn
  filename                       = "function.zip"
  handler                        = "a.one"
  runtime                        = "python3.12"
  timeout                        = 3 * var.number
  reserved_concurrent_executions = 10 * var.third
}
resource "aws_lambda_function" "environment" {
  function_name = "recorded-environment"
  role          = aws_iam_role.settings.arn
  filename      = "function.zip"
  handler       = "a.one"
  runtime       = var.third == 1 ? "python3.12" : "python3.13"
  environment { variables = { one = var.text } }
}
resource "aws_dynamodb_table" "settings" {
  name           = "recorded-settings"
  hash_key       = "id"
  read_capacity  = var.number
  write_capacity = var.third
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_dynamodb_table" "recovery" {
  name         = "recorded-recovery"
  hash_key     = "id"
  billing_mode = "PAY_PER_REQUEST"
  attribute {
    name = "id"
    type = "S"
  }
  point_in_time_recovery { enabled = var.number == 2 }
  ttl {
    attribute_name = var.third == 2 ? "ends" : ""
    enabled        = var.third == 2
  }
}
resource "aws_cloudwatch_metric_alarm" "settings" {
  alarm_name          = "recorded-settings"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = 1
  metric_name         = "CPUUtilization"
  namespace           = "AWS/EC2"
  period              = 60
  statistic           = "Average"
  threshold           = var.number
  actions_enabled     = var.third == 1
}
resource "aws_cloudwatch_event_rule" "settings" {
  name                = "recorded-settings"
  schedule_expression = "rate(${1 + var.number} hours)"
  state               = var.third == 1 ? "ENABLED" : "DISABLED"
}
resource "aws_s3_bucket" "settings" { bucket = "recorded-settings" }
resource "aws_s3_bucket" "target" { bucket = "recorded-target" }
resource "aws_s3_bucket_public_access_block" "settings" {
  bucket              = aws_s3_bucket.settings.id
  block_public_policy = var.number == 1
  ignore_public_acls  = var.third == 1
}
resource "aws_s3_bucket_public_access_block" "restricted" {
  bucket                  = aws_s3_bucket.target.id
  restrict_public_buckets = var.number == 1
}
resource "aws_vpc" "settings" {
  cidr_block           = "10.1.0.0/16"
  enable_dns_support   = var.number == 1
  enable_dns_hostnames = false
}
resource "aws_subnet" "settings" {
  vpc_id                          = aws_vpc.settings.id
  cidr_block                      = "10.1.0.0/24"
  map_public_ip_on_launch         = var.number == 2
}
