"""Digest: the RFCs' vectors, and the exchange from challenge to answer."""

from __future__ import annotations

import hashlib
import pickle
import threading

import pytest

from envoi._model.auth import as_flow
from envoi._model.digest import MAX_SPACES, HTTPDigestAuth
from envoi._model.digest_answer import Credentials, digest_field, read_challenge
from envoi.exceptions import InvalidOption
from unit.digest_support import Answered, exchange, md5, of, scheme
from unit.prepared import prepared_request

FIRST = 'Digest realm="r", nonce="n1", qop="auth"'


RFC_7616 = {
    "realm": "http-auth@example.org",
    "qop": "auth, auth-int",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
}


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm, response):
    field = digest_field(
        read_challenge({**RFC_7616, "algorithm": algorithm}),
        Credentials(b"Mufasa", b"Circle of Life"),
        "GET",
        "/dir/index.html",
        number=1,
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        session_nonce=RFC_7616["nonce"],
    )
    assert of(field) == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": RFC_7616["nonce"],
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
        "opaque": RFC_7616["opaque"],
    }


# The figures of section 3.9.2 were made with another hash; these are of its erratum 4897.
JASON = "J\u00e4s\u00f8n Doe"
RFC_7616_SHA_512_256 = (
    'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
    'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8'
)


@pytest.mark.parametrize("userhash", [True, False])
def test_rfc_7616_section_3_9_2(userhash):
    auth = HTTPDigestAuth(
        JASON, "Secret, or not?", make_cnonce=lambda: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    )
    challenge = RFC_7616_SHA_512_256 + (", userhash=true" if userhash else "")
    answer = of(exchange(auth, Answered(401, challenge), url="http://api.example.org/doe.json")[1])
    assert answer["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    if userhash:
        assert (
            answer["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        )
        assert answer["userhash"] == "true"
    else:
        assert answer["username*"] == "UTF-8''J%C3%A4s%C3%B8n%20Doe"
        assert "username" not in answer


def test_rfc_2617_section_3_5():
    auth = HTTPDigestAuth("Mufasa", "Circle Of Life", make_cnonce=lambda: "0a4f113b")
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = of(
        exchange(auth, Answered(401, challenge), url="http://www.nowhere.org/dir/index.html")[1]
    )
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in answer


def test_a_server_of_rfc_2069_gets_its_older_answer():
    answer = of(exchange(scheme(), Answered(401, 'Digest realm="r", nonce="n"'))[1])
    assert answer["response"] == md5(f"{md5('user:r:pass')}:n:{md5('GET:/dir/a?b=c')}")
    assert answer.keys() == {"username", "realm", "nonce", "uri", "response"}


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-256-SESS", "SHA-512-256-sess"])
def test_session_algorithms_keep_the_first_nonces(algorithm):
    auth = scheme()
    first, second = (
        of(
            exchange(
                auth,
                Answered(401, f"{FIRST}, algorithm={algorithm}"),
                Answered(200, Authentication_Info='nextnonce="n2"'),
            )[1]
        ),
        of(exchange(auth)[0]),
    )

    def digest(text):
        name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[
            algorithm.upper().removesuffix("-SESS")
        ]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    secret = digest(f"{digest('user:r:pass')}:n1:{first['cnonce']}")
    request = digest("GET:/dir/a?b=c")
    assert first["response"] == digest(f"{secret}:n1:00000001:{first['cnonce']}:auth:{request}")
    assert second["nonce"] == "n2"
    assert second["response"] == digest(f"{secret}:n2:00000001:{second['cnonce']}:auth:{request}")


def test_the_exchange_sends_plain_then_answered_and_no_more():
    plain, answered = exchange(scheme(), Answered(401, FIRST), Answered(200))
    assert plain is None
    assert answered.startswith(
        'Digest username="user", realm="r", nonce="n1", uri="/dir/a?b=c", response="'
    )
    assert answered.endswith(', qop=auth, nc=00000001, cnonce="c2"')


def test_the_request_that_was_refused_keeps_its_own_headers():
    flow = as_flow(scheme())(prepared_request("GET", "http://example.org/"))
    first = next(flow)
    second = flow.send(Answered(401, FIRST))
    assert "Authorization" not in first.headers
    assert "Authorization" in second.headers
    assert second.content is first.content


def test_a_refused_answer_is_not_repeated():
    auth = scheme()
    assert len(exchange(auth, *[Answered(401, FIRST)] * 5)) == 2
    assert exchange(auth)[0] is None


def test_a_stale_answer_is_given_anew_once():
    stale = [
        Answered(401, FIRST.replace("n1", f"n{number}") + ", stale=TRUE") for number in range(2, 9)
    ]
    fields = exchange(scheme(), Answered(401, FIRST), *stale)
    assert [of(field)["nonce"] for field in fields[1:]] == ["n1", "n2"]


def test_following_requests_are_answered_unasked_with_a_count():
    auth = scheme()
    exchange(auth, Answered(401, FIRST), Answered(200))
    answers = [
        of(exchange(auth, Answered(200), url=f"http://example.org/{path}")[0])
        for path in ("x", "y", "")
    ]
    assert [answer["nc"] for answer in answers] == ["00000002", "00000003", "00000004"]
    assert [answer["uri"] for answer in answers] == ["/x", "/y", "/"]
    assert len({answer["cnonce"] for answer in answers}) == 3


def test_an_unasked_answer_that_is_refused_is_given_anew():
    auth = scheme()
    exchange(auth, Answered(401, FIRST))
    fields = exchange(
        auth, Answered(401, FIRST.replace("n1", "n2") + ", stale=true"), Answered(200)
    )
    assert [(of(field)["nonce"], of(field)["nc"]) for field in fields] == [
        ("n1", "00000002"),
        ("n2", "00000001"),
    ]


def test_after_a_redirect_the_known_space_is_answered_from_the_start():
    auth = scheme()
    exchange(auth, Answered(401, FIRST))
    (field,) = exchange(auth, Answered(200), redirected=True)
    assert (of(field)["nonce"], of(field)["nc"]) == ("n1", "00000002")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/dir/a",
        "http://example.org:8080/",
        "http://example.com/",
        "http://sub.example.org/",
    ],
)
def test_another_origin_gets_nothing_unasked(url):
    auth = scheme()
    exchange(auth, Answered(401, FIRST))
    assert exchange(auth, url=url)[0] is None


@pytest.mark.parametrize(
    ("domain", "path", "expected"),
    [
        ("/dir", "/dir", True),
        ("/dir", "/dir/x", True),
        ("/dir", "/directory", False),
        ("/dir/", "/dir/x", True),
        ("/dir/", "/", False),
        ("/one /two", "/two/x", True),
        ("http://example.org/abs", "/abs", True),
        ("http://other.example/", "/dir/a", False),
        ("http://[bad /two", "/two", True),
        (" ", "/anything", True),
    ],
)
def test_domain_bounds_the_protection_space(domain, path, expected):
    auth = scheme()
    exchange(auth, Answered(401, f'{FIRST}, domain="{domain}"'))
    assert (exchange(auth, url=f"http://example.org{path}")[0] is not None) is expected


def test_domain_cannot_name_another_server():
    auth = scheme()
    exchange(auth, Answered(401, f'{FIRST}, domain="http://other.example/ /"'))
    assert exchange(auth, url="http://other.example/")[0] is None


def test_the_narrowest_protection_space_answers():
    auth = scheme()
    exchange(auth, Answered(401, 'Digest realm="deep", nonce="d", domain="/dir/deep"'))
    exchange(auth, Answered(401, 'Digest realm="wide", nonce="w"'))
    assert of(exchange(auth, url="http://example.org/dir/deep/x")[0])["realm"] == "deep"
    assert of(exchange(auth, url="http://example.org/dir")[0])["realm"] == "wide"


def test_protection_spaces_are_bounded():
    auth = scheme()
    for number in range(3 * MAX_SPACES):
        exchange(auth, Answered(401, FIRST), url=f"http://host{number}.example/")
    assert len(auth._spaces) == MAX_SPACES
    assert exchange(auth, url=f"http://host{3 * MAX_SPACES - 1}.example/")[0] is not None


def test_nextnonce_replaces_the_nonce_and_starts_its_count_again():
    auth = scheme()
    exchange(
        auth,
        Answered(401, FIRST),
        Answered(200, Authentication_Info='qop=auth, nextnonce="n2", nc=00000001'),
    )
    answers = [of(exchange(auth)[0]) for _ in range(2)]
    assert [(answer["nonce"], answer["nc"]) for answer in answers] == [
        ("n2", "00000001"),
        ("n2", "00000002"),
    ]


@pytest.mark.parametrize(
    ("challenges", "algorithm"),
    [
        (
            [
                'Digest realm="r", nonce="n", algorithm=MD5',
                'Digest realm="r", nonce="n", algorithm=SHA-256',
            ],
            "SHA-256",
        ),
        (
            [
                'Digest realm="r", nonce="n", algorithm=MD5, Digest realm="r", nonce="n", algorithm=SHA-512-256'
            ],
            "SHA-512-256",
        ),
        (
            [
                'Digest realm="r", nonce="n", algorithm=NEW-1, Digest realm="r", nonce="n", algorithm=MD5'
            ],
            "MD5",
        ),
        (
            [
                'Basic realm="a, Digest b", Digest realm="r", nonce="n", algorithm=SHA-256-sess, Negotiate abc=='
            ],
            "SHA-256-sess",
        ),
        (
            [
                'Negotiate abc==, Newauth x="y", DIGEST\trealm="r" ,nonce = "n",, algorithm="SHA-512"'
            ],
            "SHA-512",
        ),
    ],
)
def test_the_strongest_challenge_that_is_known_is_answered(challenges, algorithm):
    field = exchange(scheme(), Answered(401, *challenges))[1]
    assert of(field)["algorithm"] == algorithm


@pytest.mark.parametrize(
    "challenge",
    [
        "Basic realm=x",
        "Digest",
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce=""',
        'Digest realm="r", nonce="n", qop="new"',
        'Digest realm="r", nonce="n", algorithm=NEW',
        'Digest realm="r", nonce="n", nonce="m"',
        'Digest realm="r, nonce=n',
        "",
        "\x80",
    ],
)
def test_a_challenge_that_cannot_be_answered_ends_the_exchange(challenge):
    assert exchange(scheme(), Answered(401, challenge)) == [None]


@pytest.mark.parametrize("status", [200, 302, 500])
def test_only_client_errors_are_answered(status):
    assert exchange(scheme(), Answered(status, FIRST)) == [None]


def test_quotes_and_backslashes_are_escaped_and_hashed_without():
    auth = scheme(user='DOMAIN\\us"er')
    answer = exchange(auth, Answered(401, r'Digest realm="a\"b\\c", nonce="n\"", opaque="\"o"'))[1]
    assert r'username="DOMAIN\\us\"er", realm="a\"b\\c", nonce="n\"", uri' in answer
    assert answer.endswith(r'opaque="\"o"')
    assert of(answer)["response"] == md5(
        md5('DOMAIN\\us"er:a"b\\c:pass') + ':n":' + md5("GET:/dir/a?b=c")
    )


def test_without_charset_a_name_beyond_ascii_is_sent_as_raw_utf_8():
    for user in ("\u00e9", "\u00e9".encode()):
        answer = of(exchange(scheme(user=user), Answered(401, FIRST))[1])
        assert answer["username"].encode("latin-1") == "\u00e9".encode()
        assert answer["response"] == md5(
            f"{md5(chr(233) + ':r:pass')}:n1:00000001:c2:auth:{md5('GET:/dir/a?b=c')}"
        )


@pytest.mark.parametrize("user", ["a\r\nX: y", "a\x00", "\x7f", "\ud800"])
def test_a_user_name_that_would_break_the_field_is_refused(user):
    with pytest.raises(InvalidOption):
        exchange(scheme(user=user), Answered(401, FIRST))


def test_threads_never_use_a_count_twice():
    auth = HTTPDigestAuth("user", "pass")
    exchange(auth, Answered(401, FIRST))
    found = []

    def work():
        for _ in range(200):
            found.append(of(exchange(auth)[0])["nc"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 800


def test_nonces_of_the_client_are_random():
    auth = HTTPDigestAuth("user", "pass")
    assert len({of(exchange(auth, Answered(401, FIRST))[-1])["cnonce"] for _ in range(20)}) == 20


def test_copies_start_without_nonces():
    auth = HTTPDigestAuth("user", "pass")
    exchange(auth, Answered(401, FIRST))
    again = pickle.loads(pickle.dumps(auth))
    assert again == auth
    assert exchange(again)[0] is None
