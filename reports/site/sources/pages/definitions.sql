select * from read_parquet('data/definitions.parquet')
