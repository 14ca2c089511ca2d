import envoi
from envoi.testing import Server

with Server(tls=True) as server, envoi.Session(verify=server.ca_path) as session:
    print(session.get(f"{server.url}/get").json()["url"])
    # > https://127.0.0.1:…/get
