"""The pages as they are sent: what they show, that all links lead somewhere, that nothing breaks out of them."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.test_ingest import sent
from tests.support.fleet_service import filled as filled_service
from tests.support.reports import image
from weighbridge.core import wire
from weighbridge.model.report import WeighedImage
from weighbridge.service import tables
from weighbridge.service.configuration import configured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

    from tests.support.postgres import Postgres
    from weighbridge.service.running import Service

    Organisation = tuple[Service, TestClient]

HOSTILE = "<script>alert(1)</script>'\"&{{1234*5678}}"
BROWSER = {"Accept": "text/html"}


class Links(HTMLParser):
    """Every address that a page names, and the elements that run or style."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [value for name in ("href", "src") if (value := given.get(name))]
        if tag == "style" or "style" in given or any(name.startswith("on") for name in given):
            self.inline.append(tag)
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.inline.append(tag)


def links(text: str) -> Links:
    parser = Links()
    parser.feed(text)
    return parser


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def organisation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisation]:
    """A few repositories, filled once for all that only look at them."""
    folder = tmp_path_factory.mktemp("organisation")
    url = None
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.create(request.getfixturevalue("migrated"))
    with filled_service(configured(data=folder, database_url=url)) as made:
        yield made


@pytest.fixture
def filled(organisation: Organisation) -> TestClient:
    return organisation[1]


@pytest.mark.timeout(900)
def test_every_link_of_every_page_leads_somewhere(filled: TestClient) -> None:
    seen: set[str] = set()
    waiting = ["/"]
    kinds: dict[str, int] = {}
    while waiting:
        address = waiting.pop()
        kind = re.sub(r"\d+|/octocat/.*|\?.*", "#", address)
        # A few of each kind, lest it takes for ever.
        if address in seen or not address.startswith("/") or kinds.get(kind, 0) > 2:
            continue
        seen.add(address)
        kinds[kind] = kinds.get(kind, 0) + 1
        answer = filled.get(address, headers=BROWSER)
        assert 200 == answer.status_code, address
        if answer.headers["content-type"].startswith("text/html"):
            found = links(answer.text)
            assert [] == found.inline, address
            waiting += found.found
    for page in ("/repositories/octocat/shop", "/pulls", "/findings/npm-cache", "/packages"):
        assert page in seen
    assert any(address.startswith("/compare?") for address in seen)
    assert any("format=csv" in address for address in seen)


def test_the_overview_sums_up(filled: TestClient) -> None:
    totals = filled.get("/api/v1/totals").json()
    listed = filled.get("/api/v1/images", params={"limit": 200}).json()["images"]

    assert len(listed) == totals["images"] == totals["weighed"]
    assert sum(one["size"] for one in listed) == totals["size"]
    assert sum(one["saving"] or 0 for one in listed) == totals["saving"]
    assert sum(one["status"] == "fail" for one in listed) == totals["over_budget"]


def test_the_overview_is_narrowed_and_sorted_by_its_address(filled: TestClient) -> None:
    page = filled.get("/", params={"q": "shop", "sort": "name"}).text
    names = re.findall(r'class="what">\s*<a [^>]*>([^<]+)</a>', page)

    assert ["checkout", "storefront", "worker"] == names
    assert "No image fits" in filled.get("/", params={"q": "nothing like this"}).text
    assert 422 == filled.get("/", params={"sort": "colour"}).status_code


def test_an_empty_service_tells_how_to_begin(client: TestClient) -> None:
    assert "weighbridge admin token" in client.get("/").text
    for address in ("/repositories", "/pulls", "/findings", "/packages", "/findings/none", "/packages/apt/gcc"):
        assert 200 == client.get(address).status_code


def test_a_pull_request_is_told_with_what_it_adds(filled: TestClient) -> None:
    rows = filled.get("/api/v1/pulls", params={"repository": "octocat/ml-serving"}).json()["images"]
    (changed,) = [row for row in rows if row["delta"]]

    assert ("model-server", 1_024_000_000) == (changed["image"], changed["delta"])
    page = filled.get("/pulls").text
    assert "+1.02 GB" in page
    assert f"/pull/{changed['number']}" in page


def test_any_two_records_are_compared(filled: TestClient) -> None:
    records = filled.get("/api/v1/images/octocat/shop/storefront").json()["records"]
    newest, oldest = records[0], records[-1]
    other = filled.get("/api/v1/images/octocat/docs/site").json()["records"][0]

    for base, head in ((oldest, newest), (newest, oldest), (other, newest), (newest, newest)):
        asked = {"base": base["id"], "head": head["id"]}
        told = filled.get("/api/v1/compare", params=asked).json()
        diff = told["images"][0]["diff"]
        assert head["size"] - base["size"] == diff["size"]
        assert diff["size"] == sum(layer["delta"] for layer in diff["layers"])
        page = filled.get("/compare", params=asked)
        assert 200 == page.status_code
        assert "Layers by line" in page.text
    assert 404 == filled.get("/compare", params={"base": 1, "head": 10**9}, headers=BROWSER).status_code


def test_a_comparison_without_reports_says_so(
    filled: TestClient, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest, *_, oldest = filled.get("/api/v1/images/octocat/shop/storefront").json()["records"]
    monkeypatch.setattr(type(organisation[0].store), "get", lambda *_: None)

    page = filled.get("/compare", params={"base": oldest["id"], "head": newest["id"]})
    assert "not kept any more" in page.text
    assert "Layers by line" in page.text
    assert "not kept any more" in filled.get(f"/records/{newest['id']}").text
    assert 404 == filled.get(f"/api/v1/records/{newest['id']}/report").status_code


def test_errors_are_pages_for_browsers_and_problems_for_others(client: TestClient) -> None:
    page = client.get("/images/octocat/no/such", headers=BROWSER)
    assert (404, True) == (page.status_code, "<h1>Not found</h1>" in page.text)
    assert "application/problem+json" == client.get("/images/octocat/no/such").headers["content-type"]
    api = client.get("/api/v1/images/octocat/no/such", headers=BROWSER)
    assert "application/problem+json" == api.headers["content-type"]


def hostile_report() -> bytes:
    loaded = wire.load(sent(3))
    made = image(HOSTILE)
    head = made.head
    assert isinstance(head, WeighedImage)
    layers = tuple(replace(layer, created_by=HOSTILE) for layer in head.layers)
    packages = tuple(replace(package, name=HOSTILE, version=HOSTILE) for package in head.packages)
    tree = replace(head.tree, children=(replace(head.tree.children[0], name=HOSTILE),))
    made = replace(made, head=replace(head, layers=layers, packages=packages, tree=tree))
    occasion = replace(loaded.occasion, ref=HOSTILE, release=HOSTILE) if loaded.occasion else None
    return wire.dump(replace(loaded, images=(made,), occasion=occasion)).encode()


def test_hostile_names_stay_text(client: TestClient, sender: dict[str, str], service: Service) -> None:
    client.post("/api/v1/reports", content=sent(2), headers=sender)
    assert 201 == client.post("/api/v1/reports", content=hostile_report(), headers=sender).status_code
    with service.database.reading() as session:
        (number,) = session.query(tables.Record.id).filter(tables.Record.release.is_not(None)).one()

    pages: list[Any] = [
        client.get(address, headers=BROWSER)
        for address in (
            "/",
            "/repositories/octocat/yard",
            f"/records/{number}",
            f"/compare?base=1&head={number}",
            "/packages",
            "/?q=" + HOSTILE.replace("&", "%26"),
        )
    ]
    for page in pages:
        assert 200 == page.status_code
        assert [] == links(page.text).inline
        assert "<script>alert" not in page.text
        assert "7006652" not in page.text
    # The image's own address has all of it in it.
    (address,) = {
        found for found in links(pages[0].text).found if "%3Cscript" in found and found.startswith("/images/")
    }
    assert 200 == client.get(address).status_code


def test_a_spreadsheet_is_given_no_formula(client: TestClient, sender: dict[str, str]) -> None:
    loaded = wire.load(sent(1))
    text = wire.dump(replace(loaded, images=(image("=1+1"),))).encode()
    client.post("/api/v1/reports", content=text, headers=sender)

    lines = client.get("/api/v1/images", params={"format": "csv"}).text.splitlines()
    assert lines[1].startswith("octocat/yard,'=1+1,")


def test_styles_and_scripts_are_kept_for_good_and_packed(client: TestClient) -> None:
    (style,) = [address for address in links(client.get("/").text).found if address.endswith(".css")]
    answer = client.get(style)

    assert "public, max-age=31536000, immutable" == answer.headers["cache-control"]
    assert "gzip" == answer.headers["content-encoding"]
    assert "--paper" in answer.text
    plain = client.get(style, headers={"Accept-Encoding": "identity"})
    assert answer.text == plain.text
    assert "content-encoding" not in plain.headers
    assert 404 == client.get("/static/pages-0000000000000000.css").status_code
