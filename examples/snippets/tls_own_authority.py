import envoi

response = envoi.get(f"{secure_url}/get", verify=ca_path)
print(response.status_code, response.connection_info.tls_version)
# > 200 TLSv1.3
