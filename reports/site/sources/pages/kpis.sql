select * from read_parquet('data/kpis.parquet')
