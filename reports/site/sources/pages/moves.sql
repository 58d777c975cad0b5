select * from read_parquet('data/moves.parquet')
