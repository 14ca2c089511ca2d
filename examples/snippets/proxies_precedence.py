import envoi

proxies = {
    "all": "http://127.0.0.1:9",
    "http://127.0.0.1": None,
}  # everything by way of a proxy, but for one host
with envoi.Session(proxies=proxies) as session:
    print(session.get(f"{url}/get").status_code)
    # > 200

with envoi.Session(proxies={"http": "http://127.0.0.1:9"}) as session:
    print(session.get(f"{url}/get", proxies=None).status_code)  # none at all, for this request
    # > 200
