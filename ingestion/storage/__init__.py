"""A lake as a store of whole objects: a folder, or a bucket in S3."""
