"""Responses, and the ways to read their bodies."""
