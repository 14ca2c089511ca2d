import envoi

path = folder / "cookies.txt"
with envoi.Session() as session:
    session.get(f"{url}/cookies/set?biscuit=oatmeal")
    session.cookies.save(path, ignore_discard=True)

with envoi.Session() as session:
    session.cookies.load(path, ignore_discard=True)
    print(session.get(f"{url}/cookies").json())
    # > {'cookies': {'biscuit': 'oatmeal'}}
