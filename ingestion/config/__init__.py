"""Settings, secrets, errors and times: what every other room reads."""
