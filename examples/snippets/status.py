import envoi

try:
    envoi.get(f"{url}/status/404").raise_for_status()
except envoi.HTTPError as error:
    print(error)
    # > 404 Client Error: Not Found for url: http://127.0.0.1:…/status/404
    print(error.response.status_code)
    # > 404
