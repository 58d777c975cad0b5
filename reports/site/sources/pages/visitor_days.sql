select * from read_parquet('data/visitor_days.parquet')
