import envoi

with envoi.Session(base_url=url, auth=("ada", "secret")) as session:
    own = session.get("/headers", headers={"Authorization": "Mine"})
    print(own.json()["headers"]["Authorization"])
    # > Mine
    none = session.get("/headers", auth=None)
    print("Authorization" in none.json()["headers"])
    # > False
