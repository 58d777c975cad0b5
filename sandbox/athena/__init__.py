"""A local Athena: its protocol before the real Trino, S3 and Glue by moto."""
