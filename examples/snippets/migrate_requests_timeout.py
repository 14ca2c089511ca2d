import envoi

with envoi.Session(timeout=(3, 30)) as session:
    session.get(f"{url}/get")  # the session's
    session.get(
        f"{url}/get", timeout=envoi.Timeout(total=5)
    )  # one deadline, redirects and body included
    session.get(f"{url}/get", timeout=None)  # as long as it takes
    print(session.timeout.connect, session.timeout.read)
    # > 3 30
