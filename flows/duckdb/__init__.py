"""What only DuckDB needs: its file, and how it changes hands."""
