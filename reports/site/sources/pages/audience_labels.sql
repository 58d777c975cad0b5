select * from read_parquet('data/audience_labels.parquet')
