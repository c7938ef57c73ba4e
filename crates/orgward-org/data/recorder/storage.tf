resource "aws_s3_bucket" "a" {
  bucket = "recorded-a"
  tags   = var.tags
}
resource "aws_s3_bucket" "logs" { bucket = "recorded-logs" }
resource "aws_s3_bucket_policy" "a" {
  bucket = aws_s3_bucket.a.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "s3:GetObject", Resource = "${aws_s3_bucket.a.arn}/*" }] })
}
resource "aws_s3_bucket_versioning" "a" {
  bucket = aws_s3_bucket.a.id
  versioning_configuration { status = var.number == 1 ? "Enabled" : "Suspended" }
}
resource "aws_s3_bucket_ownership_controls" "a" {
  bucket = aws_s3_bucket.a.id
  rule { object_ownership = var.number == 1 ? "ObjectWriter" : "BucketOwnerPreferred" }
}
resource "aws_s3_bucket_acl" "a" {
  bucket     = aws_s3_bucket.a.id
  acl        = var.number == 1 ? "private" : "log-delivery-write"
  depends_on = [aws_s3_bucket_ownership_controls.a]
}
resource "aws_s3_bucket_public_access_block" "a" {
  bucket              = aws_s3_bucket.a.id
  block_public_acls   = var.number == 1
  block_public_policy = true
}
resource "aws_s3_bucket_server_side_encryption_configuration" "a" {
  bucket = aws_s3_bucket.a.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = var.number == 1 ? "AES256" : "aws:kms" }
  }
}
resource "aws_s3_bucket_lifecycle_configuration" "a" {
  bucket = aws_s3_bucket.a.id
  rule {
    id     = "a"
    status = "Enabled"
    filter { prefix = "a/" }
    expiration { days = 10 + var.number }
  }
}
resource "aws_s3_bucket_cors_configuration" "a" {
  bucket = aws_s3_bucket.a.id
  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["https://${var.text}.example.com"]
  }
}
resource "aws_s3_bucket_website_configuration" "a" {
  bucket = aws_s3_bucket.a.id
  index_document { suffix = "${var.text}.html" }
}
resource "aws_s3_bucket_accelerate_configuration" "a" {
  bucket = aws_s3_bucket.logs.id
  status = var.number == 1 ? "Enabled" : "Suspended"
}
resource "aws_s3_bucket_notification" "a" {
  bucket      = aws_s3_bucket.a.id
  eventbridge = true
}
resource "aws_s3_object" "a" {
  bucket  = aws_s3_bucket.a.id
  key     = "a"
  content = var.text
  tags    = var.tags
}
resource "aws_dynamodb_table" "a" {
  deletion_protection_enabled = var.third == 2
  name                        = "recorded"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  attribute {
    name = "id"
    type = "S"
  }
  tags = var.tags
}
resource "aws_dynamodb_table_item" "a" {
  table_name = aws_dynamodb_table.a.name
  hash_key   = aws_dynamodb_table.a.hash_key
  item       = jsonencode({ id = { S = "a" }, v = { S = var.text } })
}
resource "aws_dynamodb_resource_policy" "a" {
  resource_arn = aws_dynamodb_table.a.arn
  policy       = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "dynamodb:GetItem", Resource = aws_dynamodb_table.a.arn }] })
}
resource "aws_db_subnet_group" "a" {
  name        = "recorded"
  description = var.text
  subnet_ids  = [aws_subnet.a.id, aws_subnet.b.id]
  tags        = var.tags
}
resource "aws_db_parameter_group" "a" {
  name   = "recorded"
  family = "postgres16"
  tags   = var.tags
}
resource "aws_db_option_group" "a" {
  name                 = "recorded"
  engine_name          = "mysql"
  major_engine_version = "8.0"
  tags                 = var.tags
}
resource "aws_db_instance" "a" {
  identifier          = "recorded"
  engine              = "postgres"
  instance_class      = var.number == 1 ? "db.t3.micro" : "db.t3.small"
  allocated_storage   = 20
  username            = "recorded"
  password            = "recorded-password"
  skip_final_snapshot = true
  apply_immediately   = true
  tags                = var.tags
}
resource "aws_db_snapshot" "a" {
  db_instance_identifier = aws_db_instance.a.identifier
  db_snapshot_identifier = "recorded"
  tags                   = var.tags
}
resource "aws_rds_cluster" "a" {
  preferred_backup_window = "0${var.third}:00-0${var.third}:30"
  cluster_identifier      = "recorded-cluster"
  engine                  = "aurora-postgresql"
  master_username         = "recorded"
  master_password         = "recorded-password"
  skip_final_snapshot     = true
  apply_immediately       = true
  backup_retention_period = var.number
  tags                    = var.tags
}
resource "aws_rds_cluster_instance" "a" {
  identifier         = "recorded-member"
  cluster_identifier = aws_rds_cluster.a.id
  engine             = aws_rds_cluster.a.engine
  instance_class     = "db.r6g.large"
  tags               = var.tags
}
resource "aws_rds_cluster_parameter_group" "a" {
  name   = "recorded"
  family = "aurora-postgresql16"
  tags   = var.tags
}
resource "aws_db_event_subscription" "a" {
  name      = "recorded"
  sns_topic = aws_sns_topic.a.arn
  tags      = var.tags
}
resource "aws_efs_file_system" "a" {
  throughput_mode = var.third == 2 ? "elastic" : "bursting"
  tags            = var.tags
}
resource "aws_efs_mount_target" "a" {
  file_system_id = aws_efs_file_system.a.id
  subnet_id      = aws_subnet.a.id
}
resource "aws_efs_access_point" "a" {
  file_system_id = aws_efs_file_system.a.id
  tags           = var.tags
}
resource "aws_efs_file_system_policy" "a" {
  file_system_id = aws_efs_file_system.a.id
  policy         = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "*" }, Action = "elasticfilesystem:ClientMount" }] })
}
resource "aws_backup_vault" "a" {
  name = "recorded"
  tags = var.tags
}
resource "aws_backup_plan" "a" {
  name = "recorded"
  rule {
    rule_name         = var.text
    target_vault_name = aws_backup_vault.a.name
    schedule          = "cron(0 12 * * ? *)"
  }
  tags = var.tags
}
resource "aws_elasticache_subnet_group" "a" {
  name       = "recorded"
  subnet_ids = [aws_subnet.a.id]
  tags       = var.tags
}
resource "aws_elasticache_cluster" "a" {
  cluster_id      = "recorded"
  engine          = "memcached"
  node_type       = "cache.t3.micro"
  num_cache_nodes = 1
  tags            = var.tags
}
resource "aws_redshift_subnet_group" "a" {
  name       = "recorded"
  subnet_ids = [aws_subnet.a.id]
  tags       = var.tags
}
resource "aws_redshift_parameter_group" "a" {
  name   = "recorded"
  family = "redshift-1.0"
  tags   = var.tags
}
resource "aws_glue_catalog_database" "a" {
  name        = "recorded"
  description = var.text
}
resource "aws_glue_catalog_table" "a" {
  name          = "recorded"
  database_name = aws_glue_catalog_database.a.name
  description   = var.text
}
resource "aws_glue_job" "a" {
  max_retries = var.third
  name        = "recorded"
  role_arn    = aws_iam_role.a.arn
  command { script_location = "s3://recorded-a/${var.text}.py" }
  tags = var.tags
}
resource "aws_glue_crawler" "a" {
  name          = "recorded"
  role          = aws_iam_role.a.arn
  database_name = aws_glue_catalog_database.a.name
  s3_target { path = "s3://recorded-a/" }
  tags = var.tags
}
resource "aws_glue_connection" "a" {
  name                  = "recorded"
  connection_properties = { JDBC_CONNECTION_URL = "jdbc:mysql://${var.text}.example.com/a", PASSWORD = "x", USERNAME = "x" }
}
resource "aws_athena_named_query" "a" {
  name     = "recorded"
  database = "recorded"
  query    = "SELECT 1"
}
resource "aws_kinesis_stream" "a" {
  retention_period = 24 * var.third
  name             = "recorded"
  shard_count      = var.number
  tags             = var.tags
}
resource "aws_kinesis_stream_consumer" "a" {
  name       = "recorded"
  stream_arn = aws_kinesis_stream.a.arn
}
resource "aws_kinesis_firehose_delivery_stream" "a" {
  name        = "recorded"
  destination = "extended_s3"
  extended_s3_configuration {
    role_arn   = aws_iam_role.a.arn
    bucket_arn = aws_s3_bucket.a.arn
  }
  tags = var.tags
}
resource "aws_dax_cluster" "a" {
  cluster_name       = "recorded"
  iam_role_arn       = aws_iam_role.a.arn
  node_type          = "dax.t3.small"
  replication_factor = 1
  tags               = var.tags
}
resource "aws_ecr_repository" "a" {
  image_scanning_configuration { scan_on_push = var.third == 2 }
  name                 = "recorded"
  image_tag_mutability = var.number == 1 ? "MUTABLE" : "IMMUTABLE"
  tags                 = var.tags
}
resource "aws_ecr_repository_policy" "a" {
  repository = aws_ecr_repository.a.name
  policy     = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "ecr:BatchGetImage" }] })
}
resource "aws_ecr_lifecycle_policy" "a" {
  repository = aws_ecr_repository.a.name
  policy     = jsonencode({ rules = [{ rulePriority = 1, description = var.text, selection = { tagStatus = "untagged", countType = "imageCountMoreThan", countNumber = 10 }, action = { type = "expire" } }] })
}
resource "aws_ecr_registry_policy" "a" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Sid = var.text, Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "ecr:ReplicateImage", Resource = "arn:aws:ecr:us-east-1:${local.account}:repository/*" }] })
}
resource "aws_quicksight_group" "a" { group_name = "recorded" }
