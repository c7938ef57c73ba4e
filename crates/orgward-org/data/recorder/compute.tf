resource "aws_lambda_function" "a" {
  memory_size   = 128 * var.third
  function_name = "recorded"
  role          = aws_iam_role.a.arn
  filename      = "function.zip"
  handler       = "a.${var.text}"
  runtime       = "python3.12"
  tags          = var.tags
}
resource "aws_lambda_permission" "a" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.a.function_name
  principal     = "events.amazonaws.com"
}
resource "aws_lambda_alias" "a" {
  name             = "recorded"
  description      = var.text
  function_name    = aws_lambda_function.a.function_name
  function_version = "$LATEST"
}
resource "aws_lambda_layer_version" "a" {
  layer_name = "recorded"
  filename   = "function.zip"
}
resource "aws_lambda_event_source_mapping" "a" {
  event_source_arn = aws_sqs_queue.a.arn
  function_name    = aws_lambda_function.a.arn
  batch_size       = var.number
}
resource "aws_lambda_function_url" "a" {
  function_name      = aws_lambda_function.a.function_name
  authorization_type = var.number == 1 ? "AWS_IAM" : "NONE"
}
resource "aws_sqs_queue" "a" {
  visibility_timeout_seconds = 30 * var.third
  name                       = "recorded"
  delay_seconds              = var.number
  tags                       = var.tags
}
resource "aws_sqs_queue_policy" "a" {
  queue_url = aws_sqs_queue.a.id
  policy    = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.a.arn }] })
}
resource "aws_sns_topic" "a" {
  signature_version = var.third
  name              = "recorded"
  display_name      = var.text
  tags              = var.tags
}
resource "aws_sns_topic_policy" "a" {
  arn    = aws_sns_topic.a.arn
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "sns:Publish", Resource = aws_sns_topic.a.arn }] })
}
resource "aws_sns_topic_subscription" "a" {
  topic_arn            = aws_sns_topic.a.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.a.arn
  raw_message_delivery = var.number == 1
}
resource "aws_cloudwatch_log_group" "a" {
  retention_in_days = var.third == 2 ? 14 : 7
  name              = "recorded"
  tags              = var.tags
}
resource "aws_cloudwatch_log_stream" "a" {
  name           = "recorded"
  log_group_name = aws_cloudwatch_log_group.a.name
}
resource "aws_cloudwatch_log_metric_filter" "a" {
  name           = "recorded"
  pattern        = var.text
  log_group_name = aws_cloudwatch_log_group.a.name
  metric_transformation {
    name      = "a"
    namespace = "a"
    value     = "1"
  }
}
resource "aws_cloudwatch_log_subscription_filter" "a" {
  name            = "recorded"
  log_group_name  = aws_cloudwatch_log_group.a.name
  filter_pattern  = ""
  destination_arn = aws_lambda_function.a.arn
}
resource "aws_cloudwatch_log_resource_policy" "a" {
  policy_name     = "recorded"
  policy_document = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { Service = "es.amazonaws.com" }, Action = "logs:PutLogEvents", Resource = "*" }] })
}
resource "aws_cloudwatch_log_destination" "a" {
  name       = "recorded"
  role_arn   = aws_iam_role.a.arn
  target_arn = aws_kinesis_stream.a.arn
}
resource "aws_cloudwatch_metric_alarm" "a" {
  alarm_name          = "recorded"
  comparison_operator = "GreaterThanThreshold"
  evaluation_periods  = var.number
  metric_name         = "a"
  namespace           = "a"
  period              = 60
  statistic           = "Sum"
  threshold           = var.third
  tags                = var.tags
}
resource "aws_cloudwatch_dashboard" "a" {
  dashboard_name = "recorded"
  dashboard_body = jsonencode({ widgets = [], start = var.text })
}
resource "aws_cloudwatch_event_bus" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_cloudwatch_event_rule" "a" {
  name                = "recorded"
  description         = var.text
  schedule_expression = "rate(${4 + var.third} minutes)"
  tags                = var.tags
}
resource "aws_cloudwatch_event_target" "a" {
  rule  = aws_cloudwatch_event_rule.a.name
  arn   = aws_sqs_queue.a.arn
  input = jsonencode({ a = var.text })
}
resource "aws_cloudwatch_event_archive" "a" {
  name             = "recorded"
  description      = var.text
  event_source_arn = aws_cloudwatch_event_bus.a.arn
}
resource "aws_cloudwatch_event_connection" "a" {
  name               = "recorded"
  description        = var.text
  authorization_type = "BASIC"
  auth_parameters {
    basic {
      username = "a"
      password = "b"
    }
  }
}
resource "aws_cloudwatch_event_api_destination" "a" {
  name                = "recorded"
  description         = var.text
  invocation_endpoint = "https://example.com/"
  http_method         = "POST"
  connection_arn      = aws_cloudwatch_event_connection.a.arn
}
resource "aws_scheduler_schedule_group" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_scheduler_schedule" "a" {
  name                = "recorded"
  description         = var.text
  schedule_expression = "rate(1 hours)"
  flexible_time_window { mode = "OFF" }
  target {
    arn      = aws_sqs_queue.a.arn
    role_arn = aws_iam_role.a.arn
  }
}
resource "aws_sfn_state_machine" "a" {
  name       = "recorded"
  role_arn   = aws_iam_role.a.arn
  definition = jsonencode({ Comment = var.text, StartAt = "A", States = { A = { Type = "Pass", End = true } } })
  tags       = var.tags
}
resource "aws_sfn_activity" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_ecs_cluster" "a" {
  setting {
    name  = "containerInsights"
    value = var.third == 2 ? "enabled" : "disabled"
  }
  name = "recorded"
  tags = var.tags
}
resource "aws_ecs_task_definition" "a" {
  family                = "recorded"
  container_definitions = jsonencode([{ name = "a", image = "a:${var.text}", memory = 128, essential = true }])
  tags                  = var.tags
}
resource "aws_ecs_cluster_capacity_providers" "a" {
  cluster_name       = aws_ecs_cluster.a.name
  capacity_providers = ["FARGATE"]
}
resource "aws_eks_cluster" "a" {
  name     = "recorded"
  role_arn = aws_iam_role.a.arn
  vpc_config { subnet_ids = [aws_subnet.a.id, aws_subnet.b.id] }
  tags = var.tags
}
resource "aws_cloudformation_stack" "a" {
  name          = "recorded"
  template_body = jsonencode({ Resources = { A = { Type = "AWS::SNS::Topic", Properties = { DisplayName = var.text } } } })
  tags          = var.tags
}
resource "aws_cloudtrail" "a" {
  include_global_service_events = var.third == 1
  name                          = "recorded"
  s3_bucket_name                = aws_s3_bucket.logs.id
  enable_log_file_validation    = var.number == 1
  tags                          = var.tags
}
resource "aws_codebuild_project" "a" {
  build_timeout = 10 * var.third
  name          = "recorded"
  description   = var.text
  service_role  = aws_iam_role.a.arn
  artifacts { type = "NO_ARTIFACTS" }
  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
  }
  source {
    type     = "S3"
    location = "recorded-a/a.zip"
  }
  tags = var.tags
}
resource "aws_config_configuration_recorder" "a" { role_arn = aws_iam_role.a.arn }
resource "aws_config_delivery_channel" "a" {
  s3_bucket_name = aws_s3_bucket.logs.bucket
  depends_on     = [aws_config_configuration_recorder.a]
}
resource "aws_config_configuration_recorder_status" "a" {
  name       = aws_config_configuration_recorder.a.name
  is_enabled = true
  depends_on = [aws_config_delivery_channel.a]
}
resource "aws_config_config_rule" "a" {
  name        = "recorded"
  description = var.text
  source {
    owner             = "AWS"
    source_identifier = "S3_BUCKET_VERSIONING_ENABLED"
  }
  depends_on = [aws_config_configuration_recorder.a]
  tags       = var.tags
}
resource "aws_config_aggregate_authorization" "a" {
  account_id = "111111111111"
  region     = "us-east-1"
  tags       = var.tags
}
resource "aws_api_gateway_rest_api" "a" {
  name        = "recorded"
  description = var.text
  tags        = var.tags
}
resource "aws_api_gateway_resource" "a" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = var.text
}
resource "aws_apigatewayv2_api" "a" {
  name          = "recorded"
  description   = var.text
  protocol_type = "HTTP"
  tags          = var.tags
}
resource "aws_batch_job_queue" "a" {
  name     = "recorded"
  priority = var.number
  state    = "ENABLED"
  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.a.arn
  }
  tags = var.tags
}
resource "aws_batch_compute_environment" "a" {
  compute_environment_name = "recorded"
  type                     = "UNMANAGED"
  service_role             = aws_iam_role.a.arn
  tags                     = var.tags
}
resource "aws_resourcegroups_group" "a" {
  name        = "recorded"
  description = var.text
  resource_query { query = jsonencode({ ResourceTypeFilters = ["AWS::EC2::Instance"], TagFilters = [{ Key = "a", Values = ["b"] }] }) }
  tags = var.tags
}
resource "aws_ses_email_identity" "a" { email = "recorded@example.com" }
resource "aws_ses_domain_identity" "a" { domain = "example.com" }
resource "aws_ses_configuration_set" "a" { name = "recorded" }
resource "aws_sagemaker_notebook_instance" "a" {
  name          = "recorded"
  role_arn      = aws_iam_role.a.arn
  instance_type = "ml.t3.medium"
  tags          = var.tags
}
resource "aws_sagemaker_model" "a" {
  name               = "recorded"
  execution_role_arn = aws_iam_role.a.arn
  primary_container { image = "174872318107.dkr.ecr.us-west-2.amazonaws.com/kmeans:1" }
  tags = var.tags
}
resource "aws_transfer_server" "a" { tags = var.tags }
resource "aws_appsync_graphql_api" "a" {
  name                = "recorded-${var.text}"
  authentication_type = "API_KEY"
  tags                = var.tags
}
resource "aws_mq_configuration" "a" {
  name           = "recorded"
  engine_type    = "ActiveMQ"
  engine_version = "5.17.6"
  data           = "<broker xmlns=\"http://activemq.apache.org/schema/core\"></broker>"
  tags           = var.tags
}
resource "aws_emr_security_configuration" "a" {
  name          = "recorded"
  configuration = jsonencode({ EncryptionConfiguration = { EnableInTransitEncryption = false, EnableAtRestEncryption = false } })
}
