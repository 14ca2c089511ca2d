import ssl

import envoi

context = ssl.create_default_context(cafile=ca_path)
context.minimum_version = ssl.TLSVersion.TLSv1_3
with envoi.Session(verify=context) as session:
    print(session.get(f"{secure_url}/get").connection_info.tls_version)
    # > TLSv1.3
