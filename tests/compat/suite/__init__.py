"""requests' own tests, run on requests and on Envoi under requests' name: ``python -m tests.compat.suite``.

They come from requests' source distribution on PyPI, which is kept, unpacked, outside the checkout together with an environment of its
own. requests is not installed there: each run sees one of the two alone.
"""
