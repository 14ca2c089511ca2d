from urllib.parse import quote, urljoin, urlsplit

import envoi

base = "https://example.org/a/b?x=1"
theirs, ours = urlsplit(base), envoi.URL(base)
print(
    (theirs.scheme, theirs.hostname, theirs.path, theirs.query)
    == (ours.scheme, ours.host, ours.path, ours.query)
)
# > True
print(theirs.port, ours.explicit_port, ours.port)
# > None None 443
print(urljoin(base, "../c") == str(ours.join("../c")))
# > True
print(envoi.get(f"{url}/anything/{quote('a b')}").url == envoi.get(f"{url}/anything/a b").url)
# > True
