import envoi
from envoi.testing import Server

with Server() as server:  # a small web server inside this process
    response = envoi.get(f"{server.url}/get", params={"page": 2}, timeout=5)
    print(response.status_code, response.headers["Content-Type"])
    # > 200 application/json
    print(response.json()["args"])
    # > {'page': '2'}
