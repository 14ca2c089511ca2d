"""Everything that Envoi raises on purpose. The names and bases are those of requests; the more
precise ones are ours.

```text
RequestException (OSError)
├── InvalidURL (ValueError)
│   ├── InvalidProxyURL
│   └── URLRequired
├── MissingSchema (ValueError)
├── InvalidSchema (ValueError)
├── InvalidHeader (ValueError)
├── InvalidMethod (ValueError)
├── InvalidBody (ValueError)
├── InvalidOption (TypeError, ValueError)
├── ConnectionError (builtins.ConnectionError)
│   ├── NameResolutionError
│   ├── ConnectionRefused (builtins.ConnectionRefusedError)
│   ├── ConnectTimeout (Timeout)
│   ├── PoolTimeout (Timeout)
│   ├── ProxyError
│   ├── SSLError
│   │   └── CertificateError
│   └── RemoteProtocolError
│       ├── IncompleteHead (ChunkedEncodingError)
│       └── InvalidFraming (InvalidHeader)
├── Timeout (builtins.TimeoutError)
│   ├── ReadTimeout
│   ├── WriteTimeout
│   └── TotalTimeout
├── HTTPError
├── TooManyRedirects
├── InvalidRedirect (ValueError)
├── ChunkedEncodingError
│   └── IncompleteBody
├── ContentDecodingError (ValueError)
├── BodyTooLarge
├── InvalidJSONError
│   └── JSONDecodeError (json.JSONDecodeError)
├── StreamConsumedError (TypeError, RuntimeError)
├── UnrewindableBodyError
├── CookieFileError
│   └── CookieFileNotFound (FileNotFoundError)
├── HSTSFileError
│   └── HSTSFileNotFound (FileNotFoundError)
├── RetryError
├── AlreadyImported (RuntimeError)
├── SessionClosed (RuntimeError)
└── WrongEventLoop (RuntimeError)
```

Every one carries `.request`, the request it happened to (None when there was none yet), and
`.response`, the response that is to blame, if any.
"""

from __future__ import annotations

import envoi as _envoi  # noqa: F401 - first, for threads: see `envoi/__init__.py`
from envoi._model import exceptions as _exceptions
from envoi._model.exceptions import *  # noqa: F403 - what is in its `__all__`

__all__: list[str] = []
__all__ += _exceptions.__all__
