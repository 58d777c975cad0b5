"""The way to Wistia's Stats API: one client, its pace, its patience."""
