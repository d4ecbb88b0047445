"""The embedder's promises: a row is of its text alone, and a cache file changes nothing but the time."""

from __future__ import annotations

import base64
import hashlib
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.embedding
from bot.embedding import Cached, MiniLM
from bot.ports import Embedder, Progress, Refused, Vectors

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path(bot.embedding.__file__).parent / "model"
TEXTS = (
    "The CSV export times out on large workspaces.",
    "Exporting to CSV never finishes for our biggest workspace",
    "Please refund the second charge on our invoice.",
    "We were billed twice this month, can we have the money back?",
    "How do I add a colleague to my team?",
    "export",
    "a " * 300,
    "",
    "🎉",
)
LANGUAGES = (
    *("The export fails", "Der Export schlägt fehl", "L'exportation échoue", "La exportación falla", "L'export non va"),
    *("A exportação falha", "De export mislukt", "Eksporten fejler", "Exporten misslyckas", "Eksport nie działa"),
    *("Экспорт не работает", "Експорт не працює", "Η εξαγωγή αποτυγχάνει", "فشل التصدير", "הייצוא נכשל"),
    *(
        "エクスポートできません",
        "导出失败",
        "내보내기가 실패합니다",
        "निर्यात विफल",
        "การส่งออกล้มเหลว",
        "Dışa aktarma başarısız",
    ),
)
# What the published weights (fp32) make of this sentence, to 7 bits: the mean of its tokens without [CLS] and [SEP].
SENTENCE = "The CSV export of our largest workspace times out after a minute, so payroll is late again."
ORIGINAL = (
    "^8w*ACJVUK5(W1u;PC9o;<x(t^BKwXF%aJs-}RIQ2_i)S8!igz5&sA!${`u*5>4MD`6LefDE9mf!|2ryG5ggK)#0-EnHmxEA@xzO{ubIv1Med&4"
    "&5XV7bVI1F=rd$7%VpD-|;g#^63O0-P0X7*8|lA5FqEh01q$#`1KF_JKzi|Cj!(k=Na1e8afgvM1l7hG8^d!4-y|NEb8?RF!BoL(jXu5^8_pa9y"
    "$psE#cJrC(aA}3Ni`o<N_fo3@8!~4cQkV`vm>x`oA2=8aO8m^#8m69Sq<A_S)j}CKVJQ&mINB`t}GNG~DX?84(IT9v#&Q*%Z#;-2(vUy%rxCDD2"
    "-H2@&HF{5UYw<OBIX3&YX%*5e@!DFZ+R6(1@D!Q{pzEBoUg5Cl2>5ETC7{xZ4i)i(72@df(j6}A8v8v`Q66yFZi0qC}l=pXm+1^)j}IMc}`)4%f"
    "B6X)~!_UPpU_r0GS5y$$)A2Ko7<>l(){m%Xh"
)


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def rows(model: MiniLM) -> dict[str, bytes]:
    """Each text's row when it is embedded alone."""
    return {text: model.embed([text])[0].tobytes() for text in TEXTS}


class Counting:
    """An embedder that can't be slow or wrong: a row is made of the text's hash. Remembers what it was asked."""

    def __init__(self, name: str = "counting/1", pause: float = 0.0) -> None:
        self.id, self.pause = name, pause
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.asked += texts
        time.sleep(self.pause)
        for done in range(len(texts)):
            if progress:
                progress(done + 1, len(texts))
        found = [self.row(text) for text in texts]
        return np.stack(found) if found else np.zeros((0, 384), dtype=np.float32)

    def row(self, text: str) -> Vectors:
        seed = hashlib.sha256(f"{self.id} {text}".encode("utf-8", "surrogatepass")).digest()
        row = np.random.default_rng(list(seed)).standard_normal(384).astype(np.float32)
        return (row / np.linalg.norm(row)).astype(np.float32)


# --- the model ------------------------------------------------------------------------------------


def test_a_vector_is_nearly_that_of_the_original_model(model: MiniLM) -> None:
    original = np.frombuffer(base64.b85decode(ORIGINAL), dtype=np.int8).astype(np.float64)
    assert model.embed([SENTENCE])[0] @ original / np.linalg.norm(original) > 0.999


@settings(max_examples=12, deadline=None)
@given(texts=st.lists(st.sampled_from(TEXTS), max_size=8), threads=st.integers(1, 3))
def test_a_row_depends_on_its_text_alone_to_the_last_bit(
    rows: dict[str, bytes], texts: list[str], threads: int
) -> None:
    found = MiniLM(threads=threads).embed(texts) if threads != 2 else _SHARED.embed(texts)
    assert [row.tobytes() for row in found] == [rows[text] for text in texts]


_SHARED = MiniLM(threads=2)


def test_rows_are_float32_of_unit_length_in_the_order_of_the_texts(model: MiniLM) -> None:
    found = model.embed(TEXTS[:7])
    assert (found.dtype, found.shape) == (np.float32, (7, 384))
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_no_texts_make_no_rows(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, 384)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x07", "🎉🎉", "\u202e"])
def test_what_the_model_cannot_read_is_like_nothing_else(model: MiniLM, text: str) -> None:
    assert not model.embed([text]).any()


def test_twenty_languages_have_rows_and_most_of_them_their_own(model: MiniLM) -> None:
    found = model.embed(LANGUAGES)
    assert np.isfinite(found).all()
    assert len(np.unique(found, axis=0)) >= 20
    assert all(np.isclose(length, 1, atol=1e-5) or length == 0 for length in np.linalg.norm(found, axis=1))


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_string_at_all_has_a_row(text: str) -> None:
    length = float(np.linalg.norm(_SHARED.embed([text])))
    assert length == 0 or abs(length - 1) < 1e-5


def test_half_a_character_does_not_hide_the_words_around_it(model: MiniLM) -> None:
    broken, whole = model.embed(["The CSV export \ud83d times out", "The CSV export times out"])
    assert broken @ whole > 0.8


def test_a_text_of_a_megabyte_costs_what_its_beginning_costs(model: MiniLM) -> None:
    text = "ERROR 0x7f export failed at line 12; " * 28_000
    start = time.process_time()
    found = model.embed([text])
    assert time.process_time() - start < 2
    assert (found == model.embed([text[:8_000]])).all()


def test_leading_white_space_does_not_push_the_words_out_of_sight(model: MiniLM) -> None:
    found = model.embed(["\n" * 50_000 + "The CSV export times out", "The CSV export times out"])
    assert (found[0] == found[1]).all()


def test_equal_texts_are_embedded_once(model: MiniLM) -> None:
    told: list[tuple[int, int]] = []
    model.embed(["same", "other", "same", " same "], lambda done, of: told.append((done, of)))
    assert told == [(2, 2)]


def test_texts_on_one_thing_are_nearer_than_texts_on_two(model: MiniLM) -> None:
    export, export_too, refund, refund_too, team = model.embed(TEXTS[:5])
    assert min(export @ export_too, refund @ refund_too) > 0.5
    assert max(export @ refund, export @ refund_too, export @ team, refund @ team) < 0.3


# --- the files ------------------------------------------------------------------------------------


def test_nothing_is_loaded_before_the_first_text() -> None:
    script = (
        "import sys; from bot.embedding import MiniLM; MiniLM(); "
        "sys.exit(bool({'onnxruntime', 'tokenizers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_a_missing_model_is_refused_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"can't be read .*: install Groundswell again$"):
        MiniLM(folder=tmp_path).embed(["x"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_model_is_refused_and_not_used(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "model")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(Refused, match=f"{name} is not as it was shipped: install Groundswell again$"):
        MiniLM(folder=folder).embed(["x"])


def test_another_model_has_another_id(tmp_path: Path, model: MiniLM) -> None:
    (tmp_path / "SHA256SUMS").write_text((SHIPPED / "SHA256SUMS").read_text().replace("7", "8", 1))
    assert MiniLM(folder=tmp_path).id != model.id == MiniLM(threads=3).id
    assert model.id.startswith("minilm-l6-v2-int8/")


def test_the_model_is_shipped_with_its_licence_and_what_was_changed() -> None:
    assert "Apache License" in (SHIPPED / "LICENSE").read_text()
    notice = (SHIPPED / "NOTICE").read_text()
    assert "sentence-transformers/all-MiniLM-L6-v2" in notice
    assert "Changed by the makers of Groundswell" in notice


# --- the cache ------------------------------------------------------------------------------------


def _same(found: Vectors, inner: Counting, texts: Sequence[str]) -> bool:
    return found.tobytes() == b"".join(inner.row(text).tobytes() for text in texts)


def test_a_text_is_asked_for_once_and_its_vector_stays_the_same(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    texts = ["a", "b", "a", "\ud800"]
    assert _same(Cached(first, tmp_path / "v.db").embed(texts), first, texts)
    assert _same(Cached(second, tmp_path / "v.db").embed(["c", *texts]), second, ["c", *texts])
    assert (first.asked, second.asked) == (["a", "b", "\ud800"], ["c"])


def test_the_model_gives_the_same_bits_with_the_cache_and_without(tmp_path: Path, model: MiniLM) -> None:
    cached = Cached(model, tmp_path / "v.db")
    cached.embed(TEXTS[::2])
    assert cached.embed(TEXTS).tobytes() == cached.embed(TEXTS).tobytes() == model.embed(TEXTS).tobytes()
    assert cached.id == model.id


def test_another_model_does_not_get_the_vectors_of_this_one(tmp_path: Path) -> None:
    Cached(Counting("one"), tmp_path / "v.db").embed(["a"])
    other = Counting("two")
    assert _same(Cached(other, tmp_path / "v.db").embed(["a"]), other, ["a"])


def test_no_texts_are_answered_as_the_model_answers(tmp_path: Path) -> None:
    assert Cached(Counting(), tmp_path / "v.db").embed([]).shape == (0, 384)


def test_progress_counts_what_was_known_and_ends_with_all(tmp_path: Path) -> None:
    cached = Cached(Counting(), tmp_path / "v.db")
    cached.embed(["a", "b"])
    told: list[tuple[int, int]] = []
    cached.embed(["a", "b", *map(str, range(600)), "a"], lambda done, of: told.append((done, of)))
    assert told == [(n, 602) for n in range(2, 603)]


def test_the_file_holds_no_text_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "v.db"
    Cached(Counting(), path).embed(["a very private complaint"])
    assert b"private" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["v.db"]


def test_the_file_stops_growing_and_the_oldest_make_room(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    texts = [str(n) for n in range(700)]
    Cached(Counting(), path, keep=100).embed(texts)
    inner = Counting()
    Cached(inner, path, keep=100).embed(texts[600:])
    assert inner.asked == []
    assert path.stat().st_size < 356 * 3_000  # one piece of 256 comes in before 100 are kept


def test_ten_thousand_vectors_are_found_in_half_a_second(tmp_path: Path) -> None:
    texts = [f"ticket {n}" for n in range(10_000)]
    inner = Counting()
    Cached(inner, tmp_path / "v.db").embed(texts)
    start = time.process_time()
    Cached(inner, tmp_path / "v.db").embed(texts)
    assert time.process_time() - start < 0.5
    assert len(inner.asked) == 10_000


def test_a_file_that_is_no_cache_is_set_aside_and_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text("id,subject\n1,Export fails\n" * 100)
    told: list[str] = []
    first, second = Counting(), Counting()
    assert _same(Cached(first, path, told.append).embed(["a"]), first, ["a"])
    assert _same(Cached(second, path, told.append).embed(["a"]), second, ["a"])
    assert (len(told), second.asked) == (1, [])
    assert told[0].startswith(f"The vector cache {path} is damaged")
    assert (tmp_path / "tickets.csv.damaged").read_text().startswith("id,subject")


def test_a_database_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE vectors (only TEXT)")
    other.close()
    before = path.read_bytes()
    told: list[str] = []
    inner = Counting()
    assert _same(Cached(inner, path, told.append).embed(["a"]), inner, ["a"])
    assert len(told) == 1
    assert path.read_bytes() == before


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_falls_over_in_the_file_the_vectors_are_right(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("cache") / "v.db"
    texts = [str(n) for n in range(30)]
    Cached(Counting(), path).embed(texts)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2, 4_096, 50, 0]))])
    inner, told = Counting(), list[str]()
    cached = Cached(inner, path, told.append)
    assert _same(cached.embed(texts), inner, texts)
    assert _same(cached.embed(texts[::-1]), inner, texts[::-1])
    assert len(told) <= 3


@pytest.mark.parametrize("place", ["a folder", "under a file", "nowhere"])
def test_a_run_goes_on_where_there_can_be_no_file(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x")
    path = {"a folder": tmp_path, "under a file": tmp_path / "file" / "v.db", "nowhere": Path("/proc/none/v.db")}[place]
    told: list[str] = []
    inner = Counting()
    texts = [str(n) for n in range(600)]
    assert _same(Cached(inner, path, told.append).embed(texts), inner, texts)
    assert len(told) == 1
    assert told[0].startswith(f"Going on without the vector cache {path}: ")


def test_a_file_that_may_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "v.db"
    Cached(Counting(), path).embed(["a"])
    connect = sqlite3.connect  # root may write to any file, so SQLite is told to refuse
    monkeypatch.setattr(sqlite3, "connect", lambda file, **given: connect(f"file:{file}?mode=ro", uri=True, **given))
    told: list[str] = []
    inner = Counting()
    assert _same(Cached(inner, path, told.append).embed(["a", "b"]), inner, ["a", "b"])
    assert inner.asked == ["b"]
    assert len(told) == 1


_CHILD = """
import sys
from pathlib import Path
from bot.embedding import Cached
from tests.test_embedding import Counting
start, stop = map(int, sys.argv[2:4])
tell = lambda done, of: print(done, flush=True)
inner = Counting(pause=float(sys.argv[4]))
Cached(inner, Path(sys.argv[1])).embed([str(n) for n in range(start, stop)], tell)
"""


def _child(path: Path, start: int, stop: int, pause: float = 0.0) -> subprocess.Popen[str]:
    told = [sys.executable, "-c", _CHILD, str(path), str(start), str(stop), str(pause)]
    return subprocess.Popen(told, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_what_was_embedded_before_a_kill_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    child = _child(path, 0, 5_000, pause=0.05)
    assert child.stdout
    while int(child.stdout.readline()) < 1_000:
        pass
    child.send_signal(signal.SIGKILL)
    child.communicate()
    inner, told = Counting(), list[str]()
    texts = [str(n) for n in range(1_024)]
    assert _same(Cached(inner, path, told.append).embed(texts), inner, texts)
    assert len(inner.asked) <= 512
    assert told == []


def test_two_processes_fill_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    children = [_child(path, 0, 3_000), _child(path, 1_500, 4_500)]
    ends = [child.communicate(timeout=60) for child in children]
    assert [(child.returncode, end[1]) for child, end in zip(children, ends, strict=True)] == [(0, ""), (0, "")]
    inner = Counting()
    texts = [str(n) for n in range(4_500)]
    assert _same(Cached(inner, path).embed(texts), inner, texts)
    assert inner.asked == []


def test_the_cache_stands_wherever_an_embedder_stands(tmp_path: Path, model: MiniLM) -> None:
    embedders: list[Embedder] = [model, Cached(Cached(model, tmp_path / "one.db"), tmp_path / "two.db")]
    assert embedders[0].embed(TEXTS).tobytes() == embedders[1].embed(TEXTS).tobytes()
