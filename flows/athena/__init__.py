"""The lake in a bucket: its catalog in Glue, its tables built and asked on Athena."""
