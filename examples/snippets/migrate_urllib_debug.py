import logging
import sys

import envoi

logging.basicConfig(stream=sys.stdout, format="%(name)s %(message)s")
logging.getLogger("envoi").setLevel(logging.DEBUG)
envoi.get(f"{url}/get")
# > envoi GET http://127.0.0.1:…/get -> 200 in … ms over a new connection
