"""WSGI and ASGI applications called in this process, without a network."""
