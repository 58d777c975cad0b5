select * from read_parquet('data/funnel.parquet')
