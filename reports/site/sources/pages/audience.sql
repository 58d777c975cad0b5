select * from read_parquet('data/audience.parquet')
