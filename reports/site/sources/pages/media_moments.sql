select * from read_parquet('data/media_moments.parquet')
