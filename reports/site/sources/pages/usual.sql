select * from read_parquet('data/usual.parquet')
