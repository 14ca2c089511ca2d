import envoi

response = envoi.get(f"{url}/redirect/2")
print(response.status_code, [step.status_code for step in response.history])
# > 200 [302, 302]

response = envoi.get(f"{url}/redirect/2", allow_redirects=False)
print(response.status_code, response.headers["Location"])
# > 302 /redirect/1
