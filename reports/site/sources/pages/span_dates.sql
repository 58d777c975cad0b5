select * from read_parquet('data/span_dates.parquet')
