select * from pages.span_dates where span is not null
