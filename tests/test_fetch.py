"""Fetching: what is refused and in which words, manners, redirects, limits. Through `Fetcher`, on a site of our own."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest
from fake_site import Site

from index.address import identity, parse_address, why_refused
from index.errors import AddressRefusedError, DatelineError, FetchError, RobotsRefusedError
from index.fetch import Fetcher, Validators
from index.robots import parse_robots

PAGE = "<html><body><p>The bridge is open again.</p></body></html>"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as opened:
        yield opened


def refused(fetcher: Fetcher, url: str, kind: type[FetchError] = FetchError) -> str:
    with pytest.raises(kind) as error:
        fetcher.fetch(url)
    assert isinstance(error.value, DatelineError)
    assert "Traceback" not in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


def test_a_page(site: Site) -> None:
    url = site.put("/a", PAGE, "text/html; charset=utf-8", Last_Modified="Sat, 12 Nov 2022 10:00:00 GMT")
    fetched = site.fetcher().fetch(url)
    assert (fetched.url, fetched.body, fetched.kind, fetched.charset) == (url, PAGE.encode(), "text/html", "utf-8")
    assert fetched.etag and fetched.modified == "Sat, 12 Nov 2022 10:00:00 GMT" and not fetched.unchanged
    asked = site.asked[-1].headers
    assert asked["user-agent"].startswith("Dateline/") and asked["host"] == f"news.test:{site.port}"
    assert "cookie" not in asked and "authorization" not in asked


def test_unchanged_costs_a_304_and_no_body(site: Site) -> None:
    url, fetcher = site.put("/a", PAGE), site.fetcher()
    first = fetcher.fetch(url)
    again = fetcher.fetch(url, Validators(first.url, first.etag, first.modified))
    assert again.unchanged and again.body == b"" and again.etag == first.etag
    site.put("/a", PAGE + "!")
    assert not fetcher.fetch(url, Validators(first.url, first.etag)).unchanged


def test_validators_are_sent_to_nobody_but_whom_they_came_from(site: Site) -> None:
    site.put("/a", PAGE)
    moved = site.put("/moved", status=302, Location="/a")
    site.fetcher().fetch(moved, Validators(site.url("/elsewhere"), '"secret"'))
    assert not any("if-none-match" in asked.headers for asked in site.asked)


# --- where nothing is fetched from ----------------------------------------------------------------------

INSIDE = {
    "loopback": "127.0.0.1", "loopback, elsewhere": "127.8.9.1", "any": "0.0.0.0", "ten": "10.1.2.3", "172": "172.16.0.1",
    "172, last": "172.31.255.255", "192": "192.168.1.1", "link-local": "169.254.1.1", "metadata": "169.254.169.254",
    "Azure": "168.63.129.16", "Alibaba": "100.100.100.200", "CGNAT": "100.64.0.1", "Oracle": "192.0.0.192",
    "examples": "203.0.113.5", "benchmark": "198.18.0.1", "multicast": "224.0.0.251", "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255", "loopback 6": "::1", "any 6": "::", "mapped": "::ffff:127.0.0.1",
    "mapped, in hex": "::ffff:7f00:1", "mapped private": "::ffff:10.0.0.1", "compatible": "::127.0.0.1",
    "NAT64": "64:ff9b::127.0.0.1", "NAT64, metadata": "64:ff9b::a9fe:a9fe", "local NAT64": "64:ff9b:1::1",
    "link-local 6": "fe80::1", "scoped": "fe80::1%eth0", "unique local": "fd12:3456::1", "AWS 6": "fd00:ec2::254",
    "site-local": "fec0::1", "multicast 6": "ff02::1", "6to4": "2002:7f00:1::", "Teredo": "2001:0:7f00:1::",
    "examples 6": "2001:db8::1", "discard": "100::1", "nonsense": "not-an-ip",
}  # fmt: skip


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE)
def test_a_name_that_leads_inside_is_refused_before_any_connection(site: Site, address: str) -> None:
    site.names["evil.test"] = [address]
    said = refused(site.fetcher(), "http://evil.test/", AddressRefusedError)
    assert f"evil.test leads to {address}" in said and "ALLOWED_HOSTS=evil.test:80" in said
    assert site.asked == []


@pytest.mark.parametrize("address", ["93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:2800:220:1::1", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_not_refused(address: str) -> None:
    assert why_refused(address) == ""


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]"],
)
def test_an_address_in_the_place_of_a_name_is_refused(site: Site, host: str) -> None:
    for port in ("", f":{site.port}"):
        refused(site.fetcher(), f"http://{host}{port}/", AddressRefusedError)
    assert site.looked_up == [] and site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.1/", "http://1.2.3.4.5/", "http://127.0.0.1./x:y", "http://0/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/",
        "http://１２７.０.０.１/", "http://127。0。0。1/", "http://user@news.test/", "http://user:pw@news.test/",
        "http://news.test@127.0.0.1/", "http://news.test\\@evil.test/", "http://news.test:80:80/", "http://news.test:0/",
        "http://news.test:99999/", "http://news.test:x/", "http:///etc/passwd", "http://", "http:news.test", "http://a b.test",
        "file:///etc/passwd", "ftp://news.test/", "gopher://news.test/", "javascript:alert(1)", "data:text/html,x",
        "//news.test/", "news.test", "", "http://news%2etest/", "http://a..test/", "http://[::1", "http://news.test/\r\nX: y",
        "http://" + "a" * 64 + ".test/", "http://news.test/" + "a" * 5000, "http://n\x00ews.test/",
        "http://news.test/\ud800", "http://news.test/?\udfff", "http://\ud800.test/",
    ],
)  # fmt: skip
def test_what_is_no_address_or_hides_one_is_refused_unasked(site: Site, url: str) -> None:
    refused(site.fetcher(), url, AddressRefusedError)
    assert site.looked_up == [] and site.asked == []


@pytest.mark.parametrize("port", [22, 25, 6379, 11211, 9200])
def test_odd_ports_are_refused(site: Site, port: int) -> None:
    site.names["public.test"] = ["93.184.216.34"]
    assert f"port {port}" in refused(site.fetcher(), f"http://public.test:{port}/", AddressRefusedError)
    assert site.looked_up == []


def test_one_bad_address_of_two_is_enough(site: Site) -> None:
    site.names["mixed.test"] = ["93.184.216.34", "10.0.0.1"]
    assert "10.0.0.1, a private address" in refused(site.fetcher(), "http://mixed.test/", AddressRefusedError)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the socket that the tests' guard left open
def test_the_address_that_was_checked_is_the_one_connected_to(site: Site, network_attempts: list[str]) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    # The tests' own guard sees every connection: it is to the address of the first answer, which is not asked for twice.
    with pytest.raises(RuntimeError, match=r"reached for 93\.184\.216\.34:80"):
        Fetcher(resolve=rebinding).fetch("http://rebind.test/")
    assert network_attempts == ["93.184.216.34:80"] and len(answers) == 1
    network_attempts.clear()


def test_a_name_that_is_bound_anew_is_checked_anew(site: Site) -> None:
    names = iter([["127.0.0.1"], ["127.0.0.1"], ["192.168.0.1"]])
    fetcher = Fetcher(resolve=lambda host, port: next(names), pause=0.0)
    for _ in range(3):
        refused(fetcher, "http://rebind.test/", AddressRefusedError)


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "http://evil.test:{port}/secret", "http://evil.test/", "http://[::1]:{port}/secret",
     "//evil.test/", "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://2130706433/"],
)  # fmt: skip
def test_a_redirect_inside_is_refused(site: Site, target: str) -> None:
    site.names["evil.test"] = ["127.0.0.1"]
    site.put("/secret", "the keys")
    url = site.put("/a", status=302, Location=target.format(port=site.port))
    refused(site.fetcher(), url, AddressRefusedError)
    assert site.paths() == ["/a"]


def test_a_robots_txt_that_redirects_inside_is_refused(site: Site) -> None:
    site.put("/robots.txt", status=302, Location="http://169.254.169.254/")
    refused(site.fetcher(), site.put("/a", PAGE), AddressRefusedError)
    assert site.paths() == []


def test_allowed_is_allowed_for_that_name_and_port_only(site: Site) -> None:
    site.put("/a", PAGE)
    site.names["other.test"] = ["127.0.0.1"]
    every_port = site.fetcher(allowed_hosts=["NEWS.test"])
    assert every_port.fetch(site.url("/a")).body
    refused(every_port, site.url("/a", "other.test"), AddressRefusedError)
    refused(site.fetcher(allowed_hosts=["news.test:1"]), site.url("/a"), AddressRefusedError)
    assert site.fetcher(allowed_hosts=["127.0.0.1"]).fetch(site.url("/a", "127.0.0.1")).body
    for name in ("a b", "http://x", "x:", "user@x", "[::1"):
        with pytest.raises(AddressRefusedError):
            Fetcher(allowed_hosts=[name])


def test_identity_is_one_for_every_spelling() -> None:
    spellings = (
        "http://www.Example.org/a/?utm_source=x",
        "https://example.org:443/a#top",
        "https://example.org./b/../a?fbclid=1",
    )
    assert {identity(parse_address(url)) for url in spellings} == {"https://example.org/a"}
    assert identity(parse_address("http://example.org/a?id=1")) != identity(parse_address("http://example.org/a?id=2"))
    assert (
        str(parse_address(" http://straße.example/ü b?q=ä|é#x ")) == "http://xn--strae-oqa.example/%C3%BC%20b?q=%C3%A4%7C%C3%A9"
    )


# --- manners --------------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_asked_for_once_and_followed_to_redirects(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /private\nAllow: /private/open\n", "text/plain")
    site.put("/private", PAGE)
    site.put("/private/open", PAGE)
    fetcher = site.fetcher()
    assert "robots.txt" in refused(fetcher, site.url("/private"), RobotsRefusedError)
    refused(fetcher, site.url("/x/../private"), RobotsRefusedError)
    refused(fetcher, site.put("/in", status=301, Location="/private"), RobotsRefusedError)
    assert fetcher.fetch(site.url("/private/open")).body
    assert [asked.path for asked in site.asked] == ["/robots.txt", "/in", "/private/open"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_without_a_robots_txt_everything_may_be_fetched(site: Site, status: int) -> None:
    site.put("/robots.txt", status=status)
    assert site.fetcher().fetch(site.put("/a", PAGE)).body


@pytest.mark.parametrize("status", [500, 503, 429])
def test_with_a_broken_robots_txt_nothing_may_be_fetched(site: Site, status: int) -> None:
    site.put("/robots.txt", status=status)
    assert f"({status})" in refused(site.fetcher(), site.put("/a", PAGE))
    assert site.paths() == []


@pytest.mark.parametrize(
    ("rules", "allowed", "forbidden"),
    [
        ("User-agent: *\nDisallow:", "/a", ""),
        ("User-agent: *\nDisallow: /", "/robots.txt", "/a"),
        ("user-agent: other\ndisallow: /\n\nuser-agent: *\ndisallow: /x", "/a", "/x/y"),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Dateline\nDisallow: /x", "/a", "/x"),
        ("User-agent: a\nUser-agent: dateline\nDisallow: /x # why\nUser-agent: b\nDisallow: /a", "/a", "/x"),
        ("User-agent: dateline\nDisallow: /x\nUser-agent: dateline\nDisallow: /y", "/a", "/y"),
        ("User-agent: *\nDisallow: /*?print", "/a?x=print", "/a/b?print=1"),
        ("User-agent: *\nDisallow: /*.pdf$", "/a.pdf.html", "/b/a.pdf"),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", "/a/c"),
        ("User-agent: *\nAllow: /a\nDisallow: /a", "/a", ""),
        ("User-agent: *\nDisallow: /%7Ejoe/ü", "/~jim", "/~joe/%C3%BC"),
        ("\ufeffUser-agent: *\r\nDisallow: /x\r\n", "/a", "/x"),
        ("<html>not found</html>", "/a", ""),
        ("Disallow: /", "/a", ""),
    ],
)
def test_rules_are_read_as_rfc_9309_has_them(rules: str, allowed: str, forbidden: str) -> None:
    robots = parse_robots(rules, "dateline")
    assert robots.allows(allowed)
    assert not forbidden or not robots.allows(forbidden)


def test_a_rule_of_many_stars_takes_no_time() -> None:
    begun = time.perf_counter()
    assert parse_robots("User-agent: *\nDisallow: /" + "*a" * 200 + "b$", "dateline").allows("/" + "a" * 3000)
    assert time.perf_counter() - begun < 0.5


def test_one_request_at_a_time_with_a_pause_after_each(site: Site) -> None:
    for number in range(3):
        site.put(f"/{number}", PAGE)
    fetcher = site.fetcher(pause=0.1)
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda number: fetcher.fetch(site.url(f"/{number}")), range(3)))
    asked = sorted(site.asked, key=lambda asked: asked.begun)
    for before, after in pairwise(asked):
        assert after.begun - before.begun > 0.09
        assert after.begun > before.ended


def test_a_crawl_delay_is_kept(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 0.2\n", "text/plain")
    url, fetcher = site.put("/a", PAGE), site.fetcher()
    fetcher.fetch(url)
    fetcher.fetch(url)
    assert site.asked[2].begun - site.asked[1].begun >= 0.19


def test_a_site_that_asks_for_rest_gets_it(site: Site) -> None:
    fetcher = site.fetcher()
    assert "fewer requests (429)" in refused(fetcher, site.put("/busy", status=429, Retry_After="120"))
    site.forget()
    assert "another" in refused(fetcher, site.put("/a", PAGE))
    assert site.asked == []


def test_a_host_that_never_answers_is_soon_left_alone(site: Site) -> None:
    site.names["down.test"] = ["127.0.0.1"]
    fetcher = site.fetcher(allowed_hosts=["down.test"])
    for _ in range(3):
        assert "could not be reached" in refused(fetcher, "http://down.test:1/")
    assert "did not answer 3 times in a row" in refused(fetcher, "http://down.test:1/")


@pytest.mark.parametrize(
    "moment",
    ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "Fri, 31 Dec 9999 23:59:59 -2300", "Mon, 01 Jan 0001 00:00:00 +2300",
     "9" * 5000, "soon", "Mon, 01 Jan 99999 00:00:00 GMT"],
)  # fmt: skip
def test_whatever_a_site_says_of_when_to_come_again(site: Site, moment: str) -> None:
    assert "fewer requests (503)" in refused(site.fetcher(), site.put("/busy", status=503, Retry_After=moment))


# --- what comes back ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "says", "later"),
    [
        (404, "no such page (404)", False), (410, "any more (410)", False), (403, "(403)", False), (451, "(451)", False),
        (429, "fewer requests", True), (500, "server failed (500)", True), (503, "server failed", True),
        (204, "status 204", False), (206, "status 206", False), (304, "status 304", False), (418, "418", False),
    ],
)  # fmt: skip
def test_every_status_has_its_sentence(site: Site, status: int, says: str, later: bool) -> None:
    with pytest.raises(FetchError) as error:
        site.fetcher().fetch(site.put("/a", status=status))
    assert says in str(error.value)
    assert (error.value.later, error.value.status) == (later, status)


def test_an_unknown_host_and_a_refused_connection(site: Site) -> None:
    assert "there is no host nowhere.test" in refused(site.fetcher(), "http://nowhere.test/")
    assert "no secure connection" in refused(site.fetcher(), site.url("/a").replace("http:", "https:"))


def test_redirects_are_followed_and_end(site: Site) -> None:
    site.put("/end", PAGE)
    site.put("/2", status=308, Location="end")
    start = site.put("/1", status=301, Location=site.url("/2#part"))
    fetched = site.fetcher().fetch(start)
    assert (fetched.url, site.paths()) == (site.url("/end"), ["/1", "/2", "/end"])
    site.put("/a", status=302, Location="/b")
    assert "in a circle" in refused(site.fetcher(), site.put("/b", status=302, Location="/a"))
    for number in range(20):
        site.put(f"/r{number}", status=302, Location=f"/r{number + 1}")
    assert "more than 10 times" in refused(site.fetcher(), site.url("/r0"))


@pytest.mark.parametrize("kind", ["image/png", "video/mp4", "application/zip", "text/css", "application/javascript"])
def test_what_is_no_article_is_not_loaded(site: Site, kind: str) -> None:
    assert f"'{kind}'" in refused(site.fetcher(), site.put("/a", b"x" * 100, kind))


def test_too_large_by_what_it_says_and_by_what_comes(site: Site) -> None:
    fetcher = site.fetcher(largest=100_000)
    assert "larger than" in refused(fetcher, site.put("/a", b"x" * 100_001))

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x" * 100_000)

    assert "larger than" in refused(fetcher, site.act("/endless", endless))
    assert fetcher.fetch(site.put("/b", b"x" * 100_000)).body == b"x" * 100_000


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw deflate"])
def test_packed_answers_are_unpacked_and_bombs_are_not(site: Site, packing: str) -> None:
    def packed(data: bytes) -> bytes:
        if packing == "gzip":
            return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])
        return zlib.compress(data) if packing == "deflate" else zlib.compress(data)[2:-4]

    name = packing.rpartition(" ")[2]
    fetcher = site.fetcher(largest=1_000_000)
    data = b"".join(b"%d words " % number for number in range(20_000))
    assert fetcher.fetch(site.put("/a", packed(data), Content_Encoding=name)).body == data
    bomb = packed(bytes(50_000_000))
    assert len(bomb) < 100_000
    assert "larger than" in refused(fetcher, site.put("/bomb", bomb, Content_Encoding=name))
    assert "cut short" in refused(fetcher, site.put("/cut", packed(data)[:-20], Content_Encoding=name))


def test_other_packings_are_refused(site: Site) -> None:
    assert "packed wrongly" in refused(site.fetcher(), site.put("/a", b"no gzip", Content_Encoding="gzip"))
    assert "'br'" in refused(site.fetcher(), site.put("/b", b"x", Content_Encoding="br"))


def test_silence_and_slow_drips_end(site: Site) -> None:
    over = threading.Event()

    def silent(request: BaseHTTPRequestHandler) -> None:
        over.wait(5)

    def drip_body(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        while not over.wait(0.05):
            request.wfile.write(b"x")

    def drip_headers(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.05):
            request.wfile.write(b"x")

    for act in (silent, drip_body, drip_headers):
        begun = time.monotonic()
        assert "took too long" in refused(site.fetcher(timeout=0.4, deadline=0.6), site.act("/slow", act))
        assert time.monotonic() - begun < 1.5
    over.set()


def test_an_answer_that_breaks_off_is_no_answer(site: Site) -> None:
    def short(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\nhalf")

    assert "broke off" in refused(site.fetcher(), site.act("/a", short))
    assert "broke off" in refused(
        site.fetcher(), site.act("/b", lambda request: request.wfile.write(b"SSH-2.0-x\r\n\r\n") and None)
    )
    assert "broke off" in refused(site.fetcher(), site.act("/c", lambda request: None))
