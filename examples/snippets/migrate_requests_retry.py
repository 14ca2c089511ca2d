from urllib3.util import Retry

import envoi
from envoi.adapters import HTTPAdapter
from envoi.testing import Answer, Server

with Server() as server, envoi.Session() as session:
    answers = iter([503, 503, 200])
    server.route("/flaky")(lambda request: Answer(next(answers)))
    session.mount(
        server.url,
        HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.01, status_forcelist=[503])),
    )
    print(session.get(f"{server.url}/flaky").status_code, server.served)
    # > 200 3
