select * from read_parquet('data/runs.parquet')
