"""The habits of the real server: its limit, its latency, its faults, a list that moves."""
