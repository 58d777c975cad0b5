"""`wistia-elt serve`: the pages, dbt's documentation and the Operations page."""
