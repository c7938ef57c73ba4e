# Types of which several attributes are changed, one in each instance, so that each change has its calls. The local AWS mixes up
# several trails of one region, and shows one of all regions in each of them.

provider "aws" {
  alias                       = "logging"
  region                      = "us-east-2"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
provider "aws" {
  alias                       = "prefix"
  region                      = "us-west-1"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
provider "aws" {
  alias                       = "key"
  region                      = "us-west-2"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
provider "aws" {
  alias                       = "topic"
  region                      = "eu-west-1"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
provider "aws" {
  alias                       = "selector"
  region                      = "eu-central-1"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
provider "aws" {
  alias                       = "insights"
  region                      = "eu-north-1"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
resource "aws_s3_bucket" "trails" {
  bucket        = "recorded-trails"
  force_destroy = true
}
resource "aws_s3_bucket_policy" "trails" {
  bucket = aws_s3_bucket.trails.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = ["s3:GetBucketAcl", "s3:PutObject"], Resource = ["arn:aws:s3:::recorded-trails", "arn:aws:s3:::recorded-trails/*"] }] })
}
resource "aws_kms_key" "trails" { description = "recorded-trails" }
resource "aws_sns_topic" "trails" { name = "recorded-trails" }
resource "aws_cloudtrail" "logging" {
  provider       = aws.logging
  name           = "recorded-logging"
  s3_bucket_name = aws_s3_bucket.trails.id
  enable_logging = var.number == 1 || var.third == 2
  depends_on     = [aws_s3_bucket_policy.trails]
}
resource "aws_cloudtrail" "prefix" {
  provider       = aws.prefix
  name           = "recorded-prefix"
  s3_bucket_name = aws_s3_bucket.trails.id
  s3_key_prefix  = var.text
  depends_on     = [aws_s3_bucket_policy.trails]
}
resource "aws_cloudtrail" "key" {
  provider       = aws.key
  name           = "recorded-key"
  s3_bucket_name = aws_s3_bucket.trails.id
  kms_key_id     = var.number == 1 ? null : aws_kms_key.trails.arn
  depends_on     = [aws_s3_bucket_policy.trails]
}
resource "aws_cloudtrail" "topic" {
  provider       = aws.topic
  name           = "recorded-topic"
  s3_bucket_name = aws_s3_bucket.trails.id
  sns_topic_name = var.number == 1 ? null : aws_sns_topic.trails.name
  depends_on     = [aws_s3_bucket_policy.trails]
}
resource "aws_cloudtrail" "selector" {
  provider       = aws.selector
  name           = "recorded-selector"
  s3_bucket_name = aws_s3_bucket.trails.id
  event_selector {
    read_write_type           = var.number == 1 ? "All" : "WriteOnly"
    include_management_events = true
  }
  depends_on = [aws_s3_bucket_policy.trails]
}
resource "aws_cloudtrail" "insights" {
  provider       = aws.insights
  name           = "recorded-insights"
  s3_bucket_name = aws_s3_bucket.trails.id
  insight_selector { insight_type = var.number == 1 ? "ApiCallRateInsight" : "ApiErrorRateInsight" }
  depends_on = [aws_s3_bucket_policy.trails]
}
resource "aws_iam_policy" "limits" {
  count  = 2
  name   = "recorded-limit-${count.index}"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:ListBucket", Resource = "*" }] })
}
resource "aws_iam_user" "path" {
  name = "recorded-path"
  path = "/${var.text}/"
}
resource "aws_iam_user" "name" { name = "recorded-name-${var.text}" }
resource "aws_iam_user" "boundary" {
  name                 = "recorded-boundary"
  permissions_boundary = var.number == 1 ? null : var.third == 1 ? aws_iam_policy.limits[0].arn : null
}
resource "aws_iam_user" "other_boundary" {
  name                 = "recorded-other-boundary"
  permissions_boundary = aws_iam_policy.limits[var.number - 1].arn
}
resource "aws_iam_role" "boundary" {
  name                 = "recorded-boundary"
  assume_role_policy   = local.trust
  permissions_boundary = var.number == 1 ? null : var.third == 1 ? aws_iam_policy.limits[0].arn : null
}
resource "aws_s3_account_public_access_block" "a" {
  block_public_acls   = true
  block_public_policy = var.number == 1
}
