import requests

from envoi.integrations.requests import EnvoiAdapter

with requests.Session() as session:
    session.mount("http://", EnvoiAdapter())
    session.mount("https://", EnvoiAdapter(max_retries=2))
    response = session.get(f"{url}/get", params={"page": 2}, timeout=5)
    print(type(response).__module__, response.json()["args"])
    # > requests.models {'page': '2'}
