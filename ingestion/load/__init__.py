"""From a record to bronze: validated, redacted, compared, written."""
