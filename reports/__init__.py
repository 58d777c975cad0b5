"""Gold to pages."""
