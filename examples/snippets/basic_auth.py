import envoi

response = envoi.get(f"{url}/basic-auth/ada/secret", auth=("ada", "secret"))
print(response.status_code)
# > 200
