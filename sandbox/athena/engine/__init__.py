"""The engine, Trino: fetched, started, asked."""
