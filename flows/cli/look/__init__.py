"""Commands that look: status, query, doctor."""
