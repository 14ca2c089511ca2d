import envoi

response = envoi.get(f"{secure_url}/get", verify=ca_path)
connection = response.connection_info
print(connection.tls_version, connection.peer[0], len(connection.certificate) > 100)
# > TLSv1.3 127.0.0.1 True
print(response.elapsed.total_seconds() > 0, response.timing.tls > 0)
# > True True
