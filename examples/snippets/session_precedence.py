import envoi

with envoi.Session(auth=("ada", "secret"), headers={"X-Team": "red"}) as session:
    sent = session.get(f"{url}/headers", auth=None, headers={"X-Team": None}).json()["headers"]
print("Authorization" in sent, "X-Team" in sent)
# > False False
