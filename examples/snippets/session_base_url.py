import envoi

with envoi.Session(base_url=f"{url}/anything/v1/") as session:
    print(session.get("/users").url)
    # > http://127.0.0.1:…/anything/v1/users
    try:
        session.get("../admin")
    except envoi.InvalidURL as error:
        print(error)
        # > Invalid URL '../admin': it leaves base_url 'http://127.0.0.1:…/anything/v1/'…
