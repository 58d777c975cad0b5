"""The visitor list, which moves while it is read."""
