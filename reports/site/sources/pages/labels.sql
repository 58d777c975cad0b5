select * from read_parquet('data/labels.parquet')
