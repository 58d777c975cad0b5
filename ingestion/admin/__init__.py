"""Commands that look after a lake: audit, rebuild, quarantine, erase, import."""
