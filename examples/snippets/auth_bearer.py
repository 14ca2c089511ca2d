import envoi
from envoi.auth import BearerAuth

response = envoi.get(f"{url}/headers", auth=BearerAuth("abc"))
print(response.json()["headers"]["Authorization"])
# > Bearer abc
