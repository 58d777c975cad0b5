select * from read_parquet('data/media_changes.parquet')
