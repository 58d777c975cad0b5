select * from read_parquet('data/status.parquet')
