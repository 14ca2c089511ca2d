"""Packages that use requests, used for real on Envoi under requests' name: ``python -m tests.compat.companions``.

They are installed into an environment of their own, which is kept outside the checkout, and in which there is no requests.
"""
