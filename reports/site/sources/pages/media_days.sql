select * from read_parquet('data/media_days.parquet')
