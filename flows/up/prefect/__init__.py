"""All that talks to Prefect: its server, its API, what is registered there."""
