"""The invented account: its people, videos and plays, and the only ways it changes."""
