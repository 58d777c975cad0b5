select * from read_parquet('data/trends.parquet')
