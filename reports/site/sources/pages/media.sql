select * from read_parquet('data/media.parquet')
