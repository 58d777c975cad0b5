select * from read_parquet('data/reach.parquet')
