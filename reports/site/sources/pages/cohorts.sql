select * from read_parquet('data/cohorts.parquet')
