import envoi

print(envoi.Session().timeout)
# > Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0, total=None)
print(envoi.Session(timeout=5).timeout)
# > Timeout(connect=5, read=5, write=5, pool=60.0, total=None)
print(envoi.Session(timeout=(3, 20)).timeout)
# > Timeout(connect=3, read=20, write=20, pool=60.0, total=None)
print(envoi.Session(timeout=envoi.Timeout(total=30)).timeout)
# > Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0, total=30)
print(envoi.Session(timeout=None).timeout)
# > Timeout(connect=None, read=None, write=None, pool=None, total=None)
