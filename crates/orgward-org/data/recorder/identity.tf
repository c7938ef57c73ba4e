resource "aws_iam_role" "a" {
  max_session_duration = 3600 * var.third
  name                 = "recorded"
  assume_role_policy   = local.trust
  description          = var.text
  tags                 = var.tags
}
resource "aws_iam_policy" "a" {
  name   = "recorded"
  policy = local.policy
  tags   = var.tags
}
resource "aws_iam_user" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_iam_group" "a" { name = "recorded" }
resource "aws_iam_role_policy" "a" {
  name   = "a"
  role   = aws_iam_role.a.name
  policy = local.policy
}
resource "aws_iam_role_policy_attachment" "a" {
  role       = aws_iam_role.a.name
  policy_arn = aws_iam_policy.a.arn
}
resource "aws_iam_user_policy" "a" {
  name   = "a"
  user   = aws_iam_user.a.name
  policy = local.policy
}
resource "aws_iam_user_policy_attachment" "a" {
  user       = aws_iam_user.a.name
  policy_arn = aws_iam_policy.a.arn
}
resource "aws_iam_group_policy" "a" {
  name   = "a"
  group  = aws_iam_group.a.name
  policy = local.policy
}
resource "aws_iam_group_policy_attachment" "a" {
  group      = aws_iam_group.a.name
  policy_arn = aws_iam_policy.a.arn
}
resource "aws_iam_group_membership" "a" {
  name  = "a"
  group = aws_iam_group.a.name
  users = [aws_iam_user.a.name]
}
resource "aws_iam_user_group_membership" "a" {
  user   = aws_iam_user.a.name
  groups = [aws_iam_group.a.name]
}
resource "aws_iam_instance_profile" "a" {
  name = "recorded"
  role = aws_iam_role.a.name
  tags = var.tags
}
resource "aws_iam_access_key" "a" { user = aws_iam_user.a.name }
resource "aws_iam_user_login_profile" "a" { user = aws_iam_user.a.name }
resource "aws_iam_account_alias" "a" { account_alias = "recorded-${var.text}" }
resource "aws_iam_account_password_policy" "a" { minimum_password_length = 20 + var.number }
resource "aws_iam_openid_connect_provider" "a" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["ffffffffffffffffffffffffffffffffffffffff"]
  tags            = var.tags
}
resource "aws_iam_service_linked_role" "a" { aws_service_name = "elasticbeanstalk.amazonaws.com" }
resource "aws_organizations_organization" "a" {
  feature_set          = "ALL"
  enabled_policy_types = ["SERVICE_CONTROL_POLICY"]
}
resource "aws_organizations_organizational_unit" "a" {
  name      = "recorded-${var.text}"
  parent_id = aws_organizations_organization.a.roots[0].id
  tags      = var.tags
}
resource "aws_organizations_account" "a" {
  name              = "recorded"
  email             = "recorded@example.com"
  parent_id         = aws_organizations_organization.a.roots[0].id
  close_on_deletion = true
  tags              = var.tags
}
resource "aws_organizations_policy" "a" {
  name        = "recorded"
  description = var.text
  content     = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Deny", Action = "s3:${var.text}", Resource = "*" }] })
  tags        = var.tags
}
resource "aws_organizations_policy_attachment" "a" {
  policy_id = aws_organizations_policy.a.id
  target_id = aws_organizations_organizational_unit.a.id
}
resource "aws_organizations_delegated_administrator" "a" {
  account_id        = aws_organizations_account.a.id
  service_principal = "guardduty.amazonaws.com"
}
resource "aws_kms_key" "a" {
  enable_key_rotation     = var.third == 2
  description             = var.text
  deletion_window_in_days = 7
  tags                    = var.tags
}
resource "aws_kms_alias" "a" {
  name          = "alias/recorded"
  target_key_id = aws_kms_key.a.key_id
}
resource "aws_kms_grant" "a" {
  key_id            = aws_kms_key.a.key_id
  grantee_principal = aws_iam_role.a.arn
  operations        = ["Encrypt"]
}
resource "aws_kms_key_policy" "a" {
  key_id = aws_kms_key.a.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" }] })
}
resource "aws_secretsmanager_secret" "a" {
  name                    = "recorded"
  description             = var.text
  recovery_window_in_days = 0
  tags                    = var.tags
}
resource "aws_secretsmanager_secret_version" "a" {
  secret_id     = aws_secretsmanager_secret.a.id
  secret_string = var.text
}
resource "aws_secretsmanager_secret_policy" "a" {
  secret_arn = aws_secretsmanager_secret.a.arn
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "secretsmanager:GetSecretValue", Resource = "*" }] })
}
resource "aws_ssm_parameter" "a" {
  name  = "/recorded"
  type  = "String"
  value = var.text
  tags  = var.tags
}
resource "aws_ssm_document" "a" {
  name          = "recorded"
  document_type = "Command"
  content       = jsonencode({ schemaVersion = "1.2", description = var.text, parameters = {}, runtimeConfig = { "aws:runShellScript" = { properties = [{ id = "0.aws:runShellScript", runCommand = ["ls"] }] } } })
  tags          = var.tags
}
resource "aws_ssm_maintenance_window" "a" {
  name     = "recorded"
  schedule = "cron(0 16 ? * TUE *)"
  duration = 2 + var.third
  cutoff   = 1
  tags     = var.tags
}
resource "aws_acm_certificate" "a" {
  domain_name       = "example.com"
  validation_method = "DNS"
  tags              = var.tags
}
resource "aws_cognito_user_pool" "a" {
  deletion_protection = var.third == 2 ? "ACTIVE" : "INACTIVE"
  name                = "recorded"
  tags                = var.tags
}
resource "aws_cognito_user_pool_client" "a" {
  name         = "recorded-${var.text}"
  user_pool_id = aws_cognito_user_pool.a.id
}
resource "aws_cognito_user_pool_domain" "a" {
  domain       = "recorded"
  user_pool_id = aws_cognito_user_pool.a.id
}
resource "aws_cognito_user_group" "a" {
  name         = "recorded"
  description  = var.text
  user_pool_id = aws_cognito_user_pool.a.id
}
resource "aws_cognito_identity_pool" "a" {
  identity_pool_name = "recorded"
  tags               = var.tags
}
resource "aws_guardduty_detector" "a" {
  finding_publishing_frequency = var.third == 2 ? "ONE_HOUR" : "SIX_HOURS"
  enable                       = true
  tags                         = var.tags
}
resource "aws_identitystore_group" "a" {
  display_name      = "recorded"
  identity_store_id = "d-1234567890"
}
