select * from read_parquet('data/viewer_trends.parquet')
