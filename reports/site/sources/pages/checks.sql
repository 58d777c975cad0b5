select * from read_parquet('data/checks.parquet')
