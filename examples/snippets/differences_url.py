import envoi

response = envoi.get(f"{url}/anything/%7Eada/a%2fb?x=é")
print(response.request.url)
# > http://127.0.0.1:…/anything/%7Eada/a%2fb?x=%C3%A9
