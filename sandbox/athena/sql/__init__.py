"""Statements: what Athena takes, said in the engine's words or in the catalog's."""
