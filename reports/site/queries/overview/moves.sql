select * from pages.moves where span is not null
