import envoi

response = envoi.get(f"{url}/headers", headers={"Accept-Language": "fr", "User-Agent": None})
sent = response.json()["headers"]
print(sent["Accept-Language"], "User-Agent" in sent)
# > fr False
