from concurrent.futures import ThreadPoolExecutor

import envoi

with envoi.Session() as session, ThreadPoolExecutor(8) as threads:
    responses = list(threads.map(session.get, [f"{url}/get?page={n}" for n in range(40)]))
print(sum(response.ok for response in responses))
# > 40
