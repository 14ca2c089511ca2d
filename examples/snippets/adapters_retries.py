from urllib3.util import Retry

import envoi
from envoi.adapters import HTTPAdapter

with envoi.Session() as session:
    session.mount("http://", HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[503])))
    try:
        session.get(f"{url}/status/503")
    except envoi.exceptions.RetryError as error:
        print(error.response.status_code)
        # > 503
