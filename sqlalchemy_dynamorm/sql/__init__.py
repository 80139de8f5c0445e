"""Text to meaning: SQL text is read once, through sqlglot, into frozen nodes."""
