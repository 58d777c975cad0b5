select * from read_parquet('data/recency_frequency.parquet')
