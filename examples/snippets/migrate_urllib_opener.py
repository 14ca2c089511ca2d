import json
from http.cookiejar import CookieJar
from urllib.request import HTTPCookieProcessor, build_opener, install_opener, urlopen

import envoi

jar = CookieJar()
opener = build_opener(HTTPCookieProcessor(jar))
opener.addheaders = [("User-Agent", "shop/7")]
opener.open(f"{url}/cookies/set?flavour=vanilla").close()
install_opener(opener)  # for the whole process
with urlopen(f"{url}/get") as response:
    theirs = json.load(response)["headers"]
print(theirs["User-Agent"], theirs["Cookie"], [cookie.name for cookie in jar])
# > shop/7 flavour=vanilla ['flavour']

jar = CookieJar()  # or none: a session has a jar of its own
with envoi.Session(headers={"User-Agent": "shop/7"}, cookies=jar) as session:
    session.get(f"{url}/cookies/set?flavour=vanilla")
    ours = session.get(f"{url}/get").json()["headers"]
print(ours["User-Agent"], ours["Cookie"], [cookie.name for cookie in jar])
# > shop/7 flavour=vanilla ['flavour']
