import os

import pytest

from bot import report
from tests import browser
from tests.digests import large_digest, sample_digest

NEEDED = os.environ.get("GROUNDSWELL_REQUIRE_BROWSER") == "1"
pytestmark = pytest.mark.skipif(
    not NEEDED and browser.installed() is None,
    reason="Chromium is not installed; GROUNDSWELL_REQUIRE_BROWSER=1 insists",
)


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser.page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    at = tmp_path_factory.mktemp("report") / "report.html"
    at.write_text(report.render(sample_digest()), encoding="utf-8")
    return at


def test_the_page_asks_for_nothing_but_itself_and_breaks_no_rule_of_its_own(tab, file):
    tab.open(file)
    assert tab.requests == [file.as_uri()]
    assert tab.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 500, 768, 1120])
def test_nothing_has_to_be_scrolled_sideways(tab, file, width, dark):
    tab.open(file, width=width, dark=dark)
    assert tab.value("document.documentElement.scrollWidth") <= width
    wide = (
        "[...document.querySelectorAll('body *:not(.skip)')].filter(e => e.getBoundingClientRect().right > innerWidth)"
    )
    assert tab.value(f"{wide}.filter(e => !e.closest('thead')).map(e => e.outerHTML.slice(0, 80)).join()") == ""


def test_the_hostile_ticket_is_text(tab, file):
    tab.open(file)
    assert tab.value("document.querySelectorAll('script, img').length") == 0
    assert '<script>alert("pwned")</script>' in tab.value("document.body.innerText")


def test_dark_is_dark_and_light_is_light(tab, file):
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    tab.open(file)
    light = tab.value(ground)
    tab.open(file, dark=True)
    assert tab.value(ground) < 120 < 700 < light


def test_a_label_of_the_map_leads_to_its_section(tab, file):
    tab.open(file)
    tab.value("document.querySelector('figure a').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    assert tab.value("location.hash") == "#thm_01c4f1"
    assert tab.value("document.querySelector(':target').className") == "theme"


def test_map_labels_measured_by_the_browser_do_not_cover_each_other(tab, file):
    tab.open(file)
    boxes = tab.value(
        "[...document.querySelectorAll('.label')].map(l => l.getBBox()).map(b => [b.x, b.y, b.width, b.height])"
    )
    assert len(boxes) == 7
    for n, (x, y, w, h) in enumerate(boxes):
        for x2, y2, w2, h2 in boxes[n + 1 :]:
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_it_prints_on_a4_with_the_summary_alone_on_the_first_page(tab, file):
    tab.open(file)
    pdf = tab.pdf()
    assert pdf.startswith(b"%PDF")
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.value("getComputedStyle(document.querySelector('.backlog')).breakBefore") == "page"
    # A4 less its margins is 267 mm high and 182 mm wide; the header and the table must fit on it
    tab.call("Emulation.setDeviceMetricsOverride", width=688, height=1009, deviceScaleFactor=1, mobile=False)
    assert tab.value("document.querySelector('.overview').getBoundingClientRect().bottom + scrollY") <= 1009
    tab.call("Emulation.setEmulatedMedia", media="")


def test_ten_thousand_tickets_open(tab, tmp_path):
    at = tmp_path / "large.html"
    at.write_text(report.render(large_digest()), encoding="utf-8")
    tab.open(at, width=500)
    assert tab.value("document.querySelectorAll('path.dot').length") == 8
    assert tab.value("document.documentElement.scrollWidth") <= 500
