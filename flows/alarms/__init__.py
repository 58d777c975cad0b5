"""Telling people: what is wrong, once, with what mends it; and when it is right again."""
