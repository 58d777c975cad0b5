"""Source to bronze: what Wistia answers is loaded into the lake as it is."""
