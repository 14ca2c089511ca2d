"""Envoi under the name `requests`, for packages that import it themselves."""
