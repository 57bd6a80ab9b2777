# SPDX-License-Identifier: GPL-2.0-only
"""The bench's arithmetic: a table that computes wrongly is worse than none."""

import json
import xml.etree.ElementTree as xml

import pytest
from xlab import bench, benchtable
from xlab.images import LabError

pytestmark = pytest.mark.host


def table_of(*lines):
    """Lines "side text of the serial log"."""
    table = benchtable.Table()
    for line in lines:
        side, _, text = line.partition(" ")
        assert bench.take_line(table, side, text), line
    return table


def test_ratio_mean_and_worst():
    table = table_of("peer BENCH a 9 100 100 100", "ours BENCH a 9 50 50 50",
                     "peer BENCH b 9 10 10 10", "ours BENCH b 9 20 20 20",
                     "peer BENCH c 9 8 8 8", "ours BENCH c 9 1 1 1")
    assert table.rows["a"].ratio == 0.5
    assert table.mean() == pytest.approx(0.5)
    assert table.worst().name == "b"
    assert not table.incomplete()


def test_median_of_runs_and_spread():
    table = table_of("peer BENCH a 9 100 100 100",
                     *(f"ours BENCH a 9 {v} {v} {v}" for v in (100, 120, 104)))
    row = table.rows["a"]
    assert row.ours.value == 104
    assert row.spread == pytest.approx(20 / 104)
    assert row.loud and row.cells()[-1].endswith("!")


def test_spread_within_a_run_counts():
    table = table_of("peer BENCH a 9 90 100 100", "ours BENCH a 9 10 10 10")
    assert table.rows["a"].spread == pytest.approx(0.1)


def test_small_spread_is_not_marked():
    table = table_of("peer BENCH a 9 100 100 105", "ours BENCH a 9 10 10 10")
    assert not table.rows["a"].loud


def test_one_single_value_has_no_spread():
    table = benchtable.Table()
    for side in benchtable.SIDES:
        table.add(side, "boot", "instructions", 5, 5, 5, sampled=False)
    assert table.rows["boot"].spread is None
    assert table.rows["boot"].cells()[-1] == "one run"


def test_refused_and_missing_rows_are_shown_and_not_counted():
    table = table_of("peer BENCH a 9 4 4 4", "ours BENCH a SKIP -38",
                     "peer BENCH b 9 4 4 4", "ours BENCH b 9 2 2 2",
                     "ours BENCH c 9 2 2 2")
    assert table.incomplete() == ["a", "c"]
    assert table.mean() == pytest.approx(0.5)
    assert "error -38" in benchtable.as_text(table)


def test_the_instrument_is_not_in_the_mean():
    table = table_of("peer BENCH rdtsc 9 1000 1000 1000", "ours BENCH rdtsc 9 1 1 1",
                     "peer BENCH a 9 4 4 4", "ours BENCH a 9 4 4 4")
    assert table.mean() == pytest.approx(1.0)


def test_growth():
    table = table_of("peer BENCH a_1 9 1 1 1", "ours BENCH a_1 9 7 7 7",
                     "peer BENCH a_10 9 10 10 10", "ours BENCH a_10 9 50 50 50",
                     "peer BENCH a_100 9 100 100 100", "ours BENCH a_100 9 5000 5000 5000",
                     "peer BENCH b_9 9 1 1 1", "ours BENCH b_9 9 1 1 1")
    assert list(benchtable.growth(table)) == ["a"]
    assert benchtable.growth(table)["a"] == pytest.approx((1.0, 2.0))


@pytest.mark.parametrize("line", ["BENCH a 9 1 2", "BENCH a 9 1 2 3(XEN) torn",
                                  "TEST a PASS", "BENCH a 9 x 2 3"])
def test_other_lines_are_no_results(line):
    assert not bench.take_line(benchtable.Table(), "ours", line)


def test_nothing_measured():
    table = benchtable.Table()
    assert table.mean() is None and table.worst() is None
    assert "nothing to compare" in benchtable.as_text(table)
    xml.fromstring(benchtable.as_svg(table))


def test_files(tmp_path):
    table = table_of("peer BENCH a 9 4 4 4", "ours BENCH a 9 8 8 8")
    page = tmp_path / "page.md"
    page.write_text(f"above\n{bench.BEGIN}\nold\n{bench.END}\nbelow\n")
    arguments = bench.options(["--out", str(tmp_path), "--page", str(page)])
    bench.write_files(arguments, table, "the command", [])
    data = json.loads((tmp_path / "bench.json").read_text())
    assert data["geometric_mean"] == pytest.approx(2.0) and data["worst"] == "a"
    bars = xml.parse(tmp_path / "bench.svg").getroot()
    assert any("2.00" in (text.text or "") for text in bars.iter())
    written = page.read_text()
    assert written.startswith("above") and written.endswith("below\n")
    assert "| a | 4 | 8 | 2.000 |" in written and "old" not in written


def test_page_without_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a page\n")
    with pytest.raises(LabError):
        bench.write_page(page, benchtable.Table(), "c")
    assert page.read_text() == "a page\n"


def test_missing_parts_are_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["bench", "--ours", str(tmp_path / "none")])
    assert bench.main() == 2
    assert "none" in capsys.readouterr().err
