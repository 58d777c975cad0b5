select * from read_parquet('data/media_curve.parquet')
