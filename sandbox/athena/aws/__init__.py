"""S3, Glue, Secrets Manager and STS by moto, with the gaps that matter closed."""
