"""Adapters: what a session mounts by URL prefix to send requests in another way."""
