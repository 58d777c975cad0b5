# Glue's databases, and the bronze tables from the declaration that dbt and the run read too.

locals {
  source = one(yamldecode(file("${path.module}/../dbt_project/models/bronze.yml")).sources)
  bronze = { for table in local.source.tables : table.name => merge(table, table.config.meta) }

  # Where the crawler looks: only what is partitioned has anything new to find.
  partitioned = [for name, table in local.bronze : name if can(table.partition_column)]

  database_uri = {
    bronze = "s3://${local.bucket.bronze}"
    silver = "s3://${local.bucket.silver}"
    gold   = "s3://${local.bucket.gold}"
    pages  = "s3://${local.bucket.gold}/pages"
  }
}

resource "aws_glue_catalog_database" "layer" {
  for_each = local.database

  name         = each.value
  description  = "wistia-elt: ${each.key}"
  location_uri = local.database_uri[each.key]
  tags         = local.tags
}

resource "aws_glue_catalog_table" "bronze" {
  for_each = local.bronze

  database_name = aws_glue_catalog_database.layer["bronze"].name
  name          = each.key
  description   = trimspace(each.value.description)
  table_type    = "EXTERNAL_TABLE"

  # To the letter what the run would declare (flows/athena/catalog.py): neither changes
  # what the other made. A test holds the two together.
  parameters = merge(
    { EXTERNAL = "TRUE", classification = "json" },
    can(each.value.partition_column) ? { compressionType = "gzip" } : {},
  )

  dynamic "partition_keys" {
    for_each = [for column in each.value.columns : column if column.name == try(each.value.partition_column, "")]
    content {
      name    = partition_keys.value.name
      type    = partition_keys.value.data_type
      comment = substr(partition_keys.value.description, 0, 255)
    }
  }

  storage_descriptor {
    # The slash at its end keeps media apart from medias.
    location      = "s3://${local.bucket.bronze}/${each.value.location}/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
    compressed    = can(each.value.partition_column)

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
      parameters            = { "serialization.format" = "1", "case.insensitive" = "FALSE" }
    }

    dynamic "columns" {
      for_each = [for column in each.value.columns : column if column.name != try(each.value.partition_column, "")]
      content {
        name    = columns.value.name
        type    = columns.value.data_type
        comment = substr(columns.value.description, 0, 255)
      }
    }
  }

  lifecycle {
    # The crawler notes here what it counted; it changes nothing else of a declared table.
    ignore_changes = [
      parameters["CrawlerSchemaDeserializerVersion"],
      parameters["CrawlerSchemaSerializerVersion"],
      parameters["UPDATED_BY_CRAWLER"],
      parameters["averageRecordSize"],
      parameters["objectCount"],
      parameters["recordCount"],
      parameters["sizeKey"],
      parameters["typeOfData"],
    ]
  }
}

resource "aws_glue_crawler" "bronze" {
  count = var.crawler ? 1 : 0

  name          = local.crawler
  description   = "Adds each day's partition to the declared bronze tables; the run starts it, nothing schedules it."
  database_name = aws_glue_catalog_database.layer["bronze"].name
  role          = aws_iam_role.crawler[0].arn
  tags          = local.tags

  catalog_target {
    database_name = aws_glue_catalog_database.layer["bronze"].name
    tables        = [for name in local.partitioned : aws_glue_catalog_table.bronze[name].name]
  }

  # A partition looks as its table does; what is found otherwise is logged, never applied.
  configuration = jsonencode({
    Version       = 1.0
    CrawlerOutput = { Partitions = { AddOrUpdateBehavior = "InheritFromTable" } }
  })

  schema_change_policy {
    delete_behavior = "LOG"
    update_behavior = "LOG"
  }

  # Glue allows no other with catalog targets.
  recrawl_policy {
    recrawl_behavior = "CRAWL_EVERYTHING"
  }
}
