"""requests' functions that merge a request's settings with a session's; packages built on requests
call them. Envoi itself has its own ways.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from envoi._model.pairs import to_key_val_list


def merge_setting(request_setting: Any, session_setting: Any, dict_class: Any = OrderedDict) -> Any:
    """One setting of a request over the session's: mappings name by name, None as a value taking
    the name out.

    Args:
        request_setting: the request's.
        session_setting: the session's.
        dict_class: makes the merged mapping.
    """
    if session_setting is None:
        return request_setting
    if request_setting is None:
        return session_setting
    if not (isinstance(session_setting, Mapping) and isinstance(request_setting, Mapping)):
        return request_setting
    merged = dict_class(to_key_val_list(session_setting))
    merged.update(to_key_val_list(request_setting))
    for name in [name for name, value in merged.items() if value is None]:
        del merged[name]
    return merged


def merge_hooks(request_hooks: Any, session_hooks: Any, dict_class: Any = OrderedDict) -> Any:
    """A request's hooks, or the session's where it has none.

    Args:
        request_hooks: the request's.
        session_hooks: the session's.
        dict_class: makes the merged mapping.
    """
    if session_hooks is None or session_hooks.get("response") == []:
        return request_hooks
    if request_hooks is None or request_hooks.get("response") == []:
        return session_hooks
    return merge_setting(request_hooks, session_hooks, dict_class)
