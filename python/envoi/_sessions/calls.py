"""Makes a call of a session's settings and the options of one request.

What wins over what: an option of the request, then the session's setting, then the environment
(proxies, authorities, netrc), then Envoi's default. An option of None is *off* where off means
something (`auth`, `timeout`, `proxies`); for `verify`, `cert` and `stream` it says nothing, as in
requests. An Authorization field among the request's own headers wins over the session's `auth`.

A session without options of its own sends every request in the same way, its *usual* one, which is
worked out once and kept until a setting changes. All that is wrong with an option is raised here,
before any input or output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from envoi._model import exceptions
from envoi._model.body import NO_BODY, encode_content, set_framing
from envoi._model.cookies import CookieHolder
from envoi._model.headers import Headers, merge_headers
from envoi._model.hooks import merged_hooks
from envoi._model.methods import validate_method
from envoi._model.options import check_options
from envoi._model.pairs import to_key_val_list
from envoi._model.prepared import PreparedRequest
from envoi._model.sentinel import NOT_GIVEN
from envoi._model.timeout import Timeout
from envoi._model.url import parse_url, with_params
from envoi._net.routes import tls_config
from envoi._pipeline.cookies import attach_cookies
from envoi._pipeline.journey import Delivery, Journey, Policy, Told, Usual
from envoi._pipeline.redirects import drop_certificate
from envoi._sessions import checks
from envoi._sessions.base_url import joined
from envoi._sessions.environment import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from envoi._model.types import URLType
    from envoi._net.pool import Pool
    from envoi._net.routes import RouteChoice, Routes
    from envoi._pipeline.reply import Reply
    from envoi._sessions.settings import SessionSettings

OPTIONS_OF_SEND: Final = frozenset(
    {"stream", "timeout", "verify", "cert", "proxies", "allow_redirects", "max_body"}
)
"""What `Session.send` takes; other arguments go to the adapter."""

_BODILESS: Final = frozenset({"GET", "HEAD"})


def usual(settings: SessionSettings, pool: Pool, new_reply: Callable[..., Reply]) -> Usual:
    """How a session sends a request without options; kept until a setting changes.

    Args:
        settings: the session.
        pool: its pool.
        new_reply: makes its responses.
    """
    kept = settings._kept
    if kept:
        return kept[0]
    environment = settings._surroundings()
    by_proxy = environment.proxies and not settings._direct
    verify, cert = settings._verify_by_default(), settings._cert
    made = Usual(
        Delivery(
            pool=pool,
            route_for=route_choice(settings, {}) if by_proxy else settings._routes,
            tls=tls_config(verify, cert),
            timeout=settings._timeout,
            stream=settings.stream,
            max_body=settings.max_body,
            resend=settings.resend,
            new_reply=new_reply,
        ),
        Policy(
            follow=True,
            max_redirects=settings.max_redirects,
            sensitive=settings._sensitive,
            told=Told(verify, cert, settings._proxies),
            raises=settings.raise_for_status,
            hsts=settings._hsts,
        ),
        settings._cookies,
        settings.auth,
        environment.netrc,
    )
    kept.append(made)
    return made


def new_call(
    settings: SessionSettings,
    pool: Pool,
    new_reply: Callable[..., Reply],
    method: str | bytes,
    url: URLType,
    options: Mapping[str, Any],
) -> tuple[Journey, PreparedRequest]:
    """The call and the request that a session's method stands for.

    Args:
        settings: the session.
        pool: its pool.
        new_reply: makes its responses.
        method: such as "GET".
        url: where to.
        options: those of the request.

    Raises:
        RequestException: something is wrong with them.
    """
    verb = validate_method(method)
    base_url = settings._base_url
    parsed = parse_url(url) if base_url is None else joined(base_url, url)
    if settings._hsts is not None:
        parsed = settings._hsts.upgraded(parsed)
    params = settings.params
    if options:
        check_options(options)
        given = options.get
        journey = journey_with(settings, pool, new_reply, options)
        own = given("headers")
        headers = merge_headers(settings._headers, own)
        content = encode_content(given("data"), given("json"), given("files"))
        if content.is_async and pool.backend.name == "blocking":
            raise exceptions.InvalidBody(
                "data= is asynchronous: an async iterator or file needs an AsyncSession"
            )
        if own and journey.auth is not None and given("auth") is None and authorizes(own):
            journey.auth = None
        if params or given("params") is not None:
            params = merged_params(params, given("params"))
    else:
        kept = settings._kept
        journey = Journey(*(kept[0] if kept else usual(settings, pool, new_reply)))
        headers = settings._headers.copy()
        content = NO_BODY
    if not settings._keeps_cookies:
        journey.jar = CookieHolder()
    if settings._proxies and "proxies" not in options:
        routes = route_choice(settings, {})
        journey.delivery = journey.delivery._replace(route_for=routes)
    # A URL of another kind belongs to its adapter, and stays as it is.
    if params and parsed.scheme.startswith("http"):
        parsed = with_params(parsed, params)
    request = PreparedRequest(verb, parsed, headers, content)
    if content is not NO_BODY or verb not in _BODILESS:
        if journey.cookies is not None or not journey.jar.is_empty:
            attach_cookies(journey, request)  # before the body's fields, as requests orders them
        set_framing(headers, verb, content)
    if "hooks" in options or settings._hooks.get("response"):
        request._hooks = merged_hooks(options.get("hooks"), settings._hooks)
    return journey, request


def journey_with(
    settings: SessionSettings,
    pool: Pool,
    new_reply: Callable[..., Reply],
    options: Mapping[str, Any],
) -> Journey:
    """A call with options of its own.

    Args:
        settings: the session.
        pool: its pool.
        new_reply: makes its responses.
        options: such as `timeout` and `verify`.

    Raises:
        InvalidOption: something is wrong with them.
    """
    given = options.get
    delivery, policy, jar, auth, netrc = usual(settings, pool, new_reply)
    if "auth" in options:
        auth = given("auth")
        if auth is None:
            netrc = None  # off, whatever the environment says
    told, tls, routes = policy.told, delivery.tls, delivery.route_for
    if "verify" in options or "cert" in options:
        verify, cert = given("verify"), given("cert")
        verify = settings._verify_by_default() if verify is None else verify
        cert = settings._cert if cert is None else cert
        told, tls = Told(verify, cert, told.proxies), tls_config(verify, cert)
    if "proxies" in options:
        explicit = given("proxies")
        if explicit is None:
            routes = settings._routes
        else:
            explicit = checks.proxies_by_scheme(explicit)
            routes = route_choice(settings, explicit)
            if "all" not in explicit:
                explicit = {**settings._proxies, **explicit}
        told = told._replace(proxies=explicit)
    stream = given("stream")
    delivery = Delivery(
        delivery.pool,
        routes,
        tls,
        Timeout.parse(given("timeout", NOT_GIVEN), settings._timeout),
        delivery.stream if stream is None else bool(stream),
        checks.size(given("max_body", delivery.max_body)),
        delivery.resend,
        new_reply,
    )
    follow = bool(given("allow_redirects", True))
    raises = raises_for_status(settings, options)
    if told is not policy.told or not follow or raises is not policy.raises:
        policy = policy._replace(follow=follow, told=told, raises=raises)
    return Journey(delivery, policy, jar, auth, netrc, given("cookies"))


def raises_for_status(settings: SessionSettings, options: Mapping[str, Any]) -> bool:
    """Whether a call's final answer is raised when it is an error.

    Args:
        settings: the session.
        options: those of the request.

    Raises:
        InvalidOption: neither true nor false.
    """
    given = options.get("raise_for_status")
    return settings.raise_for_status if given is None else checks.flag("raise_for_status", given)


def prepared_call(
    settings: SessionSettings,
    pool: Pool,
    new_reply: Callable[..., Reply],
    request: Any,
    options: Mapping[str, Any],
) -> Journey:
    """The call that sends a prepared request.

    Args:
        settings: the session.
        pool: its pool.
        new_reply: makes its responses.
        request: what to send.
        options: those of `OPTIONS_OF_SEND`.

    Raises:
        InvalidOption: not a prepared request, or an option of the wrong type.
    """
    if not isinstance(request, PreparedRequest):
        raise exceptions.InvalidOption("You can only send PreparedRequests.")
    parts: tuple[Any, ...] = (request.method, request.parsed_url, request.headers)
    if None in parts:
        raise exceptions.InvalidOption("The request is not prepared yet: call its prepare()")
    request.method = validate_method(request.method)
    if settings._hsts is not None:
        request.url = settings._hsts.upgraded(request.parsed_url)
    known = {
        name: value
        for name, value in options.items()
        if name in OPTIONS_OF_SEND and not (name in {"verify", "cert"} and value is None)
    }
    if known.get("timeout", NOT_GIVEN) is None and request.provenance.timeout_given is False:
        del known["timeout"]
    journey = journey_with(settings, pool, new_reply, known)
    delivery = journey.delivery
    if request.provenance.left_origin and "cert" not in known and settings._cert is not None:
        drop_certificate(journey)
        delivery = journey.delivery
    # The redirects that follow are calls of their own, and end when this one does.
    delivery = delivery._replace(timeout=delivery.timeout.until(journey.deadline))
    proxies = known.get("proxies")
    if proxies is not None:
        # Complete as they are: `merge_environment_settings` has seen to the rest.
        named = {scheme: proxy for scheme, proxy in proxies.items() if scheme != "no_proxy"}
        delivery = delivery._replace(route_for=settings._routes.for_proxies({}, "", named))
        told = journey.policy.told._replace(proxies=proxies)
        journey.policy = journey.policy._replace(told=told)
    journey.delivery = delivery
    return journey


def hop_options(
    settings: SessionSettings,
    journey: Journey,
    request: PreparedRequest,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """What `resolve_redirects` sends the requests with that follow.

    Args:
        settings: the session.
        journey: the call that sent the first.
        request: the first.
        options: what `send` was given.
    """
    delivery, told = journey.delivery, journey.policy.told
    more = {name: value for name, value in options.items() if name not in OPTIONS_OF_SEND}
    if "max_body" in options:
        more["max_body"] = options["max_body"]
    off = told.proxies is None or settings._direct
    return {
        "stream": delivery.stream,
        "timeout": delivery.timeout.in_plain_words(),
        "verify": told.verify,
        "cert": told.cert,
        "proxies": {"no_proxy": "*"}
        if off
        else proxies_for(settings, request, told, ambient="proxies" not in options),
        **more,
    }


def proxies_for(
    settings: SessionSettings, request: PreparedRequest, told: Told, *, ambient: bool
) -> dict[str, Any]:
    """The proxies that an adapter is told of.

    Args:
        settings: the session.
        request: what it will send.
        told: the call's own.
        ambient: whether the environment's are among them.
    """
    if told.proxies is None or settings._direct:
        return {}
    found: dict[str, Any] = dict(told.proxies)
    environment = settings._surroundings() if ambient else NOTHING
    if environment.proxies and "all" not in found:
        from envoi._proto.plans.no_proxy import bypasses

        scheme = request.parsed_url.scheme
        proxy = environment.proxies.get(scheme, environment.proxies.get("all"))
        no_proxy = found.get("no_proxy") or environment.no_proxy
        if proxy and not bypasses(request.parsed_url, no_proxy):
            found.setdefault(scheme, proxy)
    return found


def route_choice(settings: SessionSettings, request: Mapping[str, Any]) -> RouteChoice | Routes:
    """How requests are routed by way of proxies.

    Args:
        settings: the session.
        request: the request's own proxies; they win over the session's, and those over the
            environment's.

    Raises:
        InvalidOption: proxies for a session whose requests go to a Unix socket.
    """
    environment = NOTHING if settings._direct or settings._uds else settings._surroundings()
    explicit = dict(request) if "all" in request else {**settings._proxies, **request}
    if not explicit and not environment.proxies:
        return settings._routes
    no_proxy = explicit.pop("no_proxy", None) or environment.no_proxy
    if settings._uds is not None and any(explicit.values()):
        raise exceptions.InvalidOption(
            "proxies= cannot be combined with the session's uds=: all of its requests go to the "
            "Unix socket"
        )
    return settings._routes.for_proxies(environment.proxies, no_proxy, explicit)


def authorizes(headers: Any) -> bool:
    """Whether there is an Authorization field among headers as a caller gives them."""
    return "Authorization" in merge_headers(Headers(), headers)


def merged_params(session: Any, request: Any) -> Any:
    """The request's parameters over the session's: same names replace, None takes out, and repeated
    names stay repeated.
    """
    if not session:
        return request
    if not request:
        return session
    if isinstance(request, (str, bytes)) or isinstance(session, (str, bytes)):
        return request
    if isinstance(session, Mapping) and isinstance(request, Mapping):
        merged = {**session, **request}
        return {name: value for name, value in merged.items() if value is not None}
    own = list(to_key_val_list(request) or ())
    names = {name for name, _ in own}
    others = [pair for pair in to_key_val_list(session) or () if pair[0] not in names]
    return [pair for pair in (*others, *own) if pair[1] is not None]
