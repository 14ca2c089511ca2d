import envoi

with envoi.Session() as session:
    session.headers["Accept-Language"] = "fr"
    session.get(f"{url}/cookies/set?biscuit=oatmeal")
    print(session.get(f"{url}/cookies").json())
    # > {'cookies': {'biscuit': 'oatmeal'}}
    print(session.cookies["biscuit"])
    # > oatmeal
