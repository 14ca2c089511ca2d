import envoi

with envoi.Session() as session:
    session.get(f"{url}/get")
    response = session.get(f"{url}/get")
print(response.timing)
# > <Timing pool=…ms send=…ms first_byte=…ms body=…ms total=…ms>
print(response.connection_info.reused, response.http_version)
# > True HTTP/1.1
