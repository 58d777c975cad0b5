"""Source to bronze: what Wistia answers lands in the lake as it is."""
