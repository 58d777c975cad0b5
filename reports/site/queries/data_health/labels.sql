select kind, raw_label, label, visitors
from pages.audience_labels
where kind is not null
order by visitors desc, kind, raw_label
