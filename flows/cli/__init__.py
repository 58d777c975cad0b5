"""`wistia-elt`: the commands."""
