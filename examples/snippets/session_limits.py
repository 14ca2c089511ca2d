import envoi

with envoi.Session(max_connections=1, timeout=envoi.Timeout(pool=0.1)) as session:
    with session.get(f"{url}/download/5000000", stream=True):
        try:
            session.get(f"{url}/get")
        except envoi.PoolTimeout as error:
            print(error)
            # > No connection to 127.0.0.1:… became free within 0.1 s: all are in use. Raise max_connections, close streamed responses, or raise Timeout(pool=…).
    print(session.get(f"{url}/get").status_code)
    # > 200
