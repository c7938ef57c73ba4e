terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
variable "tags" {
  type    = map(string)
  default = null
}
variable "text" {
  type    = string
  default = "one"
}
variable "number" {
  type    = number
  default = 1
}
variable "third" {
  type    = number
  default = 1
}
provider "aws" {
  region                      = "us-east-1"
  max_retries                 = 1
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_requesting_account_id  = false
  skip_metadata_api_check     = true
}
locals {
  account = "123456789012"
  trust   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = ["ec2.amazonaws.com", "lambda.amazonaws.com", "ecs-tasks.amazonaws.com", "states.amazonaws.com"] }, Action = "sts:AssumeRole" }] })
  policy  = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:List${var.text}", Resource = "*" }] })
}
