"""Meaning and schema to steps: what is asked becomes API calls, before any value is known."""
