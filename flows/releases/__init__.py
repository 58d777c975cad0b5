"""Versions of the code: made, chosen, put in place."""
