import httpx

from envoi.integrations.httpx import EnvoiTransport

with httpx.Client(transport=EnvoiTransport()) as client:
    response = client.get(f"{url}/get")
    print(type(response).__module__, response.status_code, response.http_version)
    # > httpx 200 HTTP/1.1
