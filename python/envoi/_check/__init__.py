"""What `python -m envoi.check` does: sources are parsed, never imported or run."""
