import envoi
from envoi.testing import CertificateAuthority, Server

with CertificateAuthority() as authority:
    context = authority.issue("127.0.0.1").server_context(client_ca=authority.path)
    ours = authority.issue("ada", client=True)
    with (
        Server(tls=context) as server,
        envoi.Session(verify=authority.path, cert=ours.pair) as session,
    ):
        print(session.get(f"{server.url}/get").status_code)
        # > 200
