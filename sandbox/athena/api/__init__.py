"""Athena's protocol: what a client says and hears."""
