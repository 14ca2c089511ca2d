import envoi

with envoi.Session(headers={"X-Client": "docs"}, auth=("ada", "secret")) as session:
    request = envoi.Request("POST", f"{url}/anything", data={"page": 2})
    prepared = session.prepare_request(request)
    print(prepared.method, prepared.body, prepared.headers["X-Client"])
    # > POST page=2 docs

    prepared.body = "exactly this"
    del prepared.headers["Content-Type"]
    print(session.send(prepared, timeout=5).json()["data"])
    # > exactly this
