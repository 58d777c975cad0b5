select * from read_parquet('data/overlap.parquet')
