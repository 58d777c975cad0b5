select * from read_parquet('data/totals.parquet')
