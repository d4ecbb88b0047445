import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import report
from bot.domain import BacklogItem, Dot, Theme
from bot.phrases import visible
from bot.report.drawing import HEIGHT, MOST_DOTS, WIDTH, day_bars, theme_map
from tests.digests import HOSTILE, empty_digest, large_digest, sample_digest, small_digest, steady_digest, with_text
from tests.goldens import same_as_kept

VOID = {"meta", "br", "img", "link", "input", "path"}


class Read(HTMLParser):
    """The page as its tags, its attributes and the text a person sees."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(page)
        self.close()
        assert not self.open, f"never closed: {self.open}"
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "title"}:
            self.words.append(data if self.open[-1] in {"a", "span", "strong"} else f" {data} ")

    def all(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


def flat(text):
    return " ".join(visible(text).split())


@pytest.fixture(scope="module")
def page():
    return report.render(sample_digest())


@pytest.fixture(scope="module")
def read(page):
    return Read(page)


def test_the_whole_page_reads_as_it_did():
    same_as_kept("report.html", report.render(steady_digest()))


def test_it_loads_and_runs_nothing(page, read):
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert not {"script", "img", "link", "iframe", "object", "embed", "form", "base", "image", "use"} & set(read.tags)
    assert not [name for _, name, _ in read.attributes if name.startswith("on") or name in {"src", "srcset"}]
    assert not re.search(r"url\(|@import|@font-face", page)
    assert "noindex, nofollow" in read.all("content")


def test_every_link_leads_into_the_page_or_to_a_web_address_that_learns_nothing(read):
    ids = set(read.all("id"))
    inside = [href for href in read.all("href") if href.startswith("#")]
    outside = [href for href in read.all("href") if not href.startswith("#")]
    assert {href[1:] for href in inside} <= ids
    assert outside
    assert all(href.startswith("https://acme.example/") for href in outside)
    assert read.all("rel") == ["noopener noreferrer"] * len(outside)


def test_every_id_is_used_once_and_everything_that_names_itself_by_one_finds_it(read):
    ids = read.all("id")
    assert len(ids) == len(set(ids))
    assert {one for named in read.all("aria-labelledby") for one in named.split()} <= set(ids)


def test_there_is_one_main_heading_a_skip_link_and_a_caption_for_every_table(read):
    assert read.tags.count("h1") == 1
    assert "#themes" in read.all("href")
    assert read.tags.count("caption") == read.tags.count("table") == 8
    assert len(read.all("scope")) == read.tags.count("th")


def test_headline_numbers_are_the_digests(read):
    assert "Tickets read 270 Customers 118 and 9 not identified" in read.text
    assert "In a theme 69% 171 of 247 looked at" in read.text
    assert "Stability 0.87 of 1, good" in read.text


def test_parts_come_in_the_order_of_reading(read):
    parts = [
        "Tickets read",
        "Intercom is missing since 28 October",
        "Themes, by tickets",
        "Backlog items, by impact",
        "Map of the tickets",
        "How far to trust this",
        "Further themes",
        "Candidate themes, customers not known",
        "Not a theme 76 tickets.",
        "Removed before grouping",
        "Rows that could not be read",
        "Before you share this",
    ]
    places = [read.text.rindex(part) if part != "Tickets read" else read.text.index(part) for part in parts]
    assert places == sorted(places)


def test_a_row_of_the_theme_table_has_all_its_numbers(read):
    assert "4 Charged twice after a plan change 22 19 P0 18–22 Zendesk 15, Intercom 7 2" in read.text


def test_every_quote_is_on_the_page_word_for_word(read):
    digest = sample_digest()
    for theme in (*digest.themes, *digest.further_themes, *digest.candidate_themes):
        for quote in theme.quotes[: 1 if theme not in digest.themes else None]:
            assert f"{flat(quote.text)} {quote.ticket_id}" in read.text


def test_a_quote_leads_to_its_ticket(page):
    link = (
        'href="https://acme.example/agent/tickets/SUP-1001?x=1&amp;y=2" rel="noopener noreferrer">SUP-1001</a></footer>'
    )
    assert f"Month end is on Friday.</p><footer><a {link}" in page


def test_every_ticket_is_on_the_page(read):
    digest = sample_digest()
    themes = (*digest.themes, *digest.further_themes, *digest.candidate_themes)
    members = {ticket for theme in themes for ticket in theme.members}
    rest = {left.ticket_id for left in (*digest.not_a_theme, *digest.removed)}
    assert (members | rest) <= set(re.findall(r"SUP-\d+", read.text))


def test_the_nearest_tickets_are_listed_and_one_from_the_edge(read):
    assert "25 tickets nearest to the middle of the theme, and one from its edge, of 42." in read.text
    near, edge = report.listed(sample_digest().themes[0])
    assert [len(near), edge.ticket_id] == [25, "SUP-1041"]
    assert "SUP-1041 edge" in read.text


def test_alarms_stand_in_the_section_of_their_theme(read):
    assert "Skewed? 9 of the 17 tickets came on one day" in read.text


def test_the_panel_on_trust_adds_up(read):
    rows = dict(report.trust(sample_digest()))
    assert rows["In anecdotes"] == "10"
    assert rows["In candidate themes"] == "6"
    assert rows["One-offs"] == "60"
    assert rows["Removed before grouping"] == "23: automatic replies 8, duplicates 8, without text 7"
    assert rows["Personal data hidden"] == "card 1, mail 31, phone 8"
    assert all(label in read.text and value in read.text for label, value in rows.items())


def test_fewer_than_thirty_tickets_are_called_what_they_are():
    text = Read(report.render(small_digest())).text
    assert "Note. Only 12 tickets: fewer than 30, so these clusters may be noise." in text
    assert "12 tickets grouped, too few: clusters may be noise" in text


def test_an_empty_month_is_still_a_whole_page():
    text = Read(report.render(empty_digest())).text
    assert "No problem recurs in enough tickets, of enough customers, to be a theme." in text
    assert "Tickets read 0" in text


def test_ten_thousand_tickets_stay_under_two_megabytes_and_say_what_is_left_out():
    page = report.render(large_digest())
    assert len(page.encode()) < 2_000_000
    text = Read(page).text
    assert "the first 500 listed" in text
    assert "4,500 more are in digest.json and digest.md" in text


def test_a_megabyte_in_one_ticket_is_cut_and_the_cut_is_marked():
    page = report.render(with_text("very long " * 100_000, words="short"))
    assert len(page.encode()) < 500_000
    assert "[…]" in page


texts = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("<>&\"'/=`{}%#!-[]()scriptonerrorstyle \x00\ud800\u202e"), max_size=60),
)


@settings(max_examples=25, deadline=None)
@given(texts.filter(lambda t: t.strip()))
@example(HOSTILE)
@example("</style><script>alert(1)</script>")
@example("]]></desc></svg><script>alert(1)</script>")
@example('" onmouseover="alert(1)')
@example("{{ 7 * 7 }}{% raw %}{# x #}")
def test_no_ticket_text_changes_what_the_page_is_made_of(text):
    plain, hostile = Read(report.render(with_text("word"))), Read(report.render(with_text(text)))
    assert [t for t in hostile.tags if t != "a"] == [t for t in plain.tags if t != "a"]
    assert {(t, n) for t, n, _ in hostile.attributes} == {(t, n) for t, n, _ in plain.attributes}
    assert flat(text) in hostile.text


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " https://x.example",
        "data:text/html,x",
        "file:///etc/passwd",
        "//evil.example",
        "https:",
        "https:///x",
        "http://[::1",
        "https://x.example/\u202e",
        "ftp://x.example",
        'https://x.example/"onclick=1 x',
    ],
)
def test_an_address_that_is_not_plainly_a_web_page_is_no_link(url):
    assert report.safe_url(url) is None


@pytest.mark.parametrize("url", ["https://a.example/t/1?x=1&y=2#c", "http://localhost:8080/1", "HTTPS://A.example"])
def test_a_web_address_is_a_link(url):
    assert report.safe_url(url) == url


def changed_numbers(digest):
    """The digest once for each number and id that people read, with only that one changed."""
    theme, item = digest.themes[0], digest.items[0]
    counts, quality = theme.counts, theme.quality

    def with_theme(new: Theme):
        return replace(digest, themes=(new, *digest.themes[1:]))

    def with_item(new: BacklogItem):
        return replace(digest, items=(new, *digest.items[1:]))

    yield replace(digest, stability=0.88)
    for field in ("tickets", "customers", "unidentified"):
        yield with_theme(replace(theme, counts=replace(counts, **{field: getattr(counts, field) + 1})))
    yield with_theme(replace(theme, counts=replace(counts, by_source={"zendesk": 41, "intercom": 1})))
    yield with_theme(replace(theme, quality=replace(quality, cohesion=0.11)))
    yield with_theme(replace(theme, quality=replace(quality, stability=0.11)))
    yield with_theme(replace(theme, quality=replace(quality, core=7)))
    yield with_theme(replace(theme, members=(*theme.members[:-1], "SUP-9999")))
    yield with_theme(replace(theme, evidence=(replace(theme.evidence[0], fit=0.5), *theme.evidence[1:])))
    yield with_theme(replace(theme, quotes=(replace(theme.quotes[0], text="Invented."), *theme.quotes[1:])))
    yield with_theme(replace(theme, quotes=(replace(theme.quotes[0], ticket_id="SUP-9"), *theme.quotes[1:])))
    yield with_item(replace(item, impact=item.impact + 1))
    yield with_item(replace(item, severity=digest.items[1].severity))
    for field in ("low", "high"):
        yield with_item(replace(item, deflection=replace(item.deflection, **{field: 7})))
    yield replace(digest, removed=digest.removed[1:])


def test_a_changed_number_id_or_quote_changes_the_page(page):
    for changed in changed_numbers(sample_digest()):
        assert report.render(changed) != page


def contrast(one, other):
    """WCAG 2.2, relative luminance and contrast ratio."""

    def luminance(colour):
        full = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(full[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_schemes(page, scheme):
    colours = dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]{3,6})", re.findall(r":root\{([^}]*)\}", page)[scheme]))
    for text in ("ink", "soft", "link", "warn"):
        assert contrast(colours[text], colours["paper"]) >= 4.5, text
        assert contrast(colours[text], colours["card"]) >= 4.5, text
    assert contrast(colours["warn"], colours["warnbg"]) >= 4.5
    assert contrast(colours["ink"], colours["warnbg"]) >= 4.5
    for rank in range(1, 9):
        assert contrast(colours[f"t{rank}"], colours["onbadge"]) >= 4.5, rank
        assert contrast(colours[f"t{rank}"], colours["card"]) >= 3, rank


def test_the_map_draws_each_theme_as_one_path_and_every_dot_inside_the_frame(page):
    drawn = theme_map(sample_digest().dots, sample_digest().themes)
    assert list(drawn.paths) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert page.count('<path class="dot') == 8
    for path in drawn.paths.values():
        spots = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h0", path)]
        assert spots
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in spots)


def test_labels_of_the_map_do_not_cover_each_other():
    labels = theme_map(sample_digest().dots, sample_digest().themes).labels
    assert [label.theme.rank for label in labels] == [1, 2, 3, 4, 5, 6, 7]
    for n, one in enumerate(labels):
        for other in labels[n + 1 :]:
            apart = abs(one.x - other.x) > 4 * (len(one.text) + len(other.text)) or abs(one.y - other.y) > 30
            assert apart, (one.text, other.text)


def test_themes_in_one_place_still_get_labels_that_can_be_read():
    dots = tuple(Dot(0.5 + n % 5 / 100, 0.5 + n % 3 / 100, n % 4 + 1) for n in range(60))
    labels = theme_map(dots, sample_digest().themes).labels
    spots = [(label.x, label.y) for label in labels]
    assert len(spots) == 4
    assert all(abs(a[0] - b[0]) > 100 or abs(a[1] - b[1]) >= 40 for n, a in enumerate(spots) for b in spots[n + 1 :])


def test_dates_are_those_of_the_windows_time_zone():
    digest = sample_digest()
    theme = digest.themes[0]
    late = replace(theme.evidence[0], created_at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))
    window = replace(digest.window, timezone="Asia/Tokyo")
    themes = (replace(theme, evidence=(late,)), *digest.themes[1:])
    assert "1 Nov 2026" in report.render(replace(digest, window=window, themes=themes))
    assert "1 Nov 2026" not in report.render(replace(digest, themes=themes))


def test_a_map_of_very_many_tickets_is_thinned_and_says_so():
    dots = tuple(Dot(n % 997 / 997, n % 991 / 991, n % 8) for n in range(25_000))
    drawn = theme_map(dots, sample_digest().themes)
    assert drawn.drawn <= MOST_DOTS < drawn.of == 25_000
    page = report.render(replace(sample_digest(), dots=dots))
    assert "of 25,000 are drawn" in page


def test_days_without_tickets_are_bars_of_nothing_and_a_long_window_has_no_bars():
    bars = day_bars({"2026-10-02": 4, "2026-10-04": 1, "someday": 3}, None, None)
    assert [(bar.tickets, bar.height) for bar in bars] == [(4, 1), (0, 0), (1, 0.25)]
    assert day_bars({"2026-01-01": 1, "2026-10-04": 1}, None, None) == ()
    assert day_bars({}, None, None) == ()


def test_a_name_that_was_cut_for_the_map_is_marked_and_a_whole_one_is_not():
    digest = steady_digest()
    cut, whole, *rest = digest.themes
    cut = replace(
        cut, words=replace(cut.words, name="Making a client a read-only user", short="Making a client a read-only")
    )
    whole = replace(whole, words=replace(whole.words, name="Map is frozen", short="Map is frozen"))
    labels = {x.theme.id: x.text for x in theme_map(digest.dots, [cut, whole, *rest]).labels}

    assert labels[cut.id] == "Making a client a read-only […]"
    assert labels[whole.id] == "Map is frozen"
