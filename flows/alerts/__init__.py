"""Who must be told is told: what is wrong, through which channel, once."""
