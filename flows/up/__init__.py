"""`wistia-elt up`: Prefect's server, a worker, the schedule and the pages, on one machine."""
