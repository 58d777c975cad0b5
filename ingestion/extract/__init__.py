"""How each resource is read from the API."""
