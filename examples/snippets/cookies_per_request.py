import envoi

with envoi.Session(cookies={"kept": "1"}) as session:
    print(session.get(f"{url}/cookies", cookies={"once": "2"}).json()["cookies"])
    # > {'kept': '1', 'once': '2'}
    print(session.get(f"{url}/cookies").json()["cookies"])
    # > {'kept': '1'}
