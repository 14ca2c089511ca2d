import ssl

import envoi
from envoi.adapters import HTTPAdapter


class Internal(HTTPAdapter):
    """For the services of the house: their own authority, and nothing older than TLS 1.3."""

    def init_poolmanager(self, *arguments, **settings):
        context = ssl.create_default_context(cafile=ca_path)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        super().init_poolmanager(*arguments, ssl_context=context, **settings)


with envoi.Session() as session:
    session.mount(secure_url, Internal(max_retries=2))
    print(session.get(f"{secure_url}/get").connection_info.tls_version)
    # > TLSv1.3
