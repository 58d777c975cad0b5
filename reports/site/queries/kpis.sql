select * from pages.kpis where kpi is not null
