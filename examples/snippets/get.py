import envoi

response = envoi.get(f"{url}/get", params={"q": "a b", "tag": ["x", "y"]})
print(response.status_code, response.reason, response.ok)
# > 200 OK True
print(response.headers["content-type"])
# > application/json
print(response.json()["args"])
# > {'q': 'a b', 'tag': ['x', 'y']}
print(response.url)
# > http://127.0.0.1:…/get?q=a+b&tag=x&tag=y
