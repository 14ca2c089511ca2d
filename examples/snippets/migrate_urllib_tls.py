import ssl
from urllib.request import HTTPSHandler, build_opener, urlopen

import envoi

context = ssl.create_default_context(cafile=ca_path)
with urlopen(f"{secure_url}/get", context=context) as response:
    print(
        response.status,
        build_opener(HTTPSHandler(context=context)).open(f"{secure_url}/get").read() != b"",
    )
    # > 200 True
print(
    envoi.get(f"{secure_url}/get", verify=context).status_code,
    envoi.get(f"{secure_url}/get", verify=ca_path).status_code,
)
# > 200 200
