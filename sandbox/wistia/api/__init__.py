"""Wistia's addresses: what is asked, and what is answered, in the API's own shapes."""
