"""The lake in a bucket: its catalogue in Glue, its tables built and asked on Athena."""
