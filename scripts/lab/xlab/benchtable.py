# SPDX-License-Identifier: GPL-2.0-only
"""The arithmetic of a comparison, and its forms: text, Markdown, JSON, SVG."""

import io
import math
import statistics
from dataclasses import dataclass, field

SIDES = ("peer", "ours")
LOUD_SPREAD = 0.05
# Shown, but not in the mean: reading the counter is part of the instrument, and touching
# a page that is there does not get to either hypervisor.
NOT_IN_MEAN = ("rdtsc", "guest_rdtsc", "first_touch", "guest_first_touch")
# Rows that are only there to see how an operation grows: growth_NAME_SIZE.
GROWTH = "growth_"
# Each has a mean of its own. The first one is what is meant by "the mean".
KINDS = {"speed": ("instructions", "ns"), "memory and sizes": ("bytes", "KiB"),
         "counts": ("count",)}
SHORT = {"instructions": "instr."}


@dataclass
class Figure:
    """What the runs of one hypervisor gave for one operation: of each (min, median,
    max), and the errors of those that could not do it."""

    runs: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    sampled: bool = False  # a run is itself of several samples

    @property
    def value(self):
        return statistics.median(run[1] for run in self.runs) if self.runs else None

    @property
    def spread(self):
        """Between the extremes of all samples, as a part of the value. One sample
        says nothing about it: None."""
        if not self.value or len(self.runs) == 1 and not self.sampled:
            return None
        low = min(run[0] for run in self.runs)
        high = max(run[2] for run in self.runs)
        return (high - low) / self.value


@dataclass
class Row:
    name: str
    unit: str
    peer: Figure = field(default_factory=Figure)
    ours: Figure = field(default_factory=Figure)

    @property
    def ratio(self):
        if not self.peer.value or self.ours.value is None:
            return None
        return self.ours.value / self.peer.value

    @property
    def grows(self):
        """(name, size) of a row that belongs to a series, else None."""
        name, _, size = self.name.rpartition("_")
        if not name.startswith(GROWTH) or not size.isdigit():
            return None
        return name[len(GROWTH):], int(size)

    @property
    def complete(self):
        return all(getattr(self, side).value is not None for side in SIDES)

    @property
    def spread(self):
        known = [f.spread for f in (self.peer, self.ours) if f.spread is not None]
        return max(known) if len(known) == len(SIDES) else None

    @property
    def loud(self):
        return self.spread is not None and self.spread > LOUD_SPREAD

    def cells(self):
        """Operation, unit, peer, ours, ratio, spread, as text."""
        sides = []
        for side in SIDES:
            figure = getattr(self, side)
            if figure.value is not None:
                sides.append(f"{figure.value:,.0f}")
            else:
                sides.append(f"error {figure.skipped[0]}" if figure.skipped else "-")
        ratio = "-" if self.ratio is None else f"{self.ratio:.3f}"
        spread = "one run" if self.spread is None else f"{self.spread:.2%}"
        if self.ratio is None:
            spread = "-"
        unit = SHORT.get(self.unit, self.unit)
        return [self.name, unit, *sides, ratio, spread + (" !" if self.loud else "")]


class Table:
    def __init__(self):
        self.rows = {}

    def row(self, name, unit):
        return self.rows.setdefault(name, Row(name, unit))

    def add(self, side, name, unit, low, median, high, sampled=True):
        figure = getattr(self.row(name, unit), side)
        figure.sampled = sampled
        figure.runs.append((low, median, high))

    def add_skip(self, side, name, unit, code):
        getattr(self.row(name, unit), side).skipped.append(code)

    def shown(self):
        """All but those of which only the growth is of interest."""
        return [row for row in self.rows.values() if not row.grows]

    def compared(self, kind="speed"):
        """Rows that count: both sides have a figure that is not zero."""
        return [row for row in self.shown() if row.ratio
                and row.name not in NOT_IN_MEAN and row.unit in KINDS[kind]]

    def mean(self, kind="speed"):
        ratios = [row.ratio for row in self.compared(kind)]
        if not ratios:
            return None
        return math.exp(math.fsum(math.log(ratio) for ratio in ratios) / len(ratios))

    def worst(self, kind="speed"):
        return max(self.compared(kind), key=lambda row: row.ratio, default=None)

    def incomplete(self):
        return [row.name for row in self.rows.values() if not row.complete]


def exponent(points):
    """Of the power law that fits (size, figure) best, by least squares of logarithms.
    1.0: twice the size takes twice as long."""
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(value) for _, value in points]
    x, y = statistics.fmean(xs), statistics.fmean(ys)
    return (math.fsum((a - x) * (b - y) for a, b in zip(xs, ys)) /
            math.fsum((a - x) ** 2 for a in xs))


@dataclass
class Series:
    """An operation in sizes that double."""

    name: str
    rows: dict  # size: row

    @property
    def largest(self):
        return self.rows[max(self.rows)]

    def exponents(self):
        return [exponent([(size, getattr(row, side).value)
                          for size, row in self.rows.items()]) for side in SIDES]

    def cells(self):
        sizes, last = sorted(self.rows), self.largest
        values = [f"{getattr(last, side).value:,.0f}" for side in SIDES]
        spread = [row.spread for row in self.rows.values()]
        spread = "one run" if None in spread else f"{max(spread):.2%}"
        if any(row.loud for row in self.rows.values()):
            spread += " !"
        return [self.name, f"{sizes[0]} to {sizes[-1]}", *values, f"{last.ratio:.3f}",
                *(f"{value:.2f}" for value in self.exponents()), spread]


def growth(table):
    """Series of at least two sizes that both sides have, by name."""
    found = {}
    for row in table.rows.values():
        if row.grows and row.ratio:
            name, size = row.grows
            found.setdefault(name, Series(name, {})).rows[size] = row
    return {name: one for name, one in found.items() if len(one.rows) > 1}


HEAD = ["operation", "unit", "Debian's Xen", "ours", "ratio", "spread"]
GROWTH_HEAD = ["growth of", "with", "Debian's, largest", "ours, largest", "ratio",
               "exponent, Debian's", "exponent, ours", "spread"]


def summary(table):
    if table.mean() is None:
        return ["nothing to compare"]
    lines = []
    for kind in KINDS:
        rows, worst = table.compared(kind), table.worst(kind)
        if rows:
            lines.append(f"{kind}: geometric mean of {len(rows)} rows: "
                         f"{table.mean(kind):.3f}, worst row: {worst.name}, "
                         f"{worst.ratio:.3f}")
    slower = [row.name for kind in KINDS for row in table.compared(kind)
              if row.ratio > 1]
    slower += [one.largest.name for one in growth(table).values()
               if one.largest.ratio > 1]
    if slower:
        lines.append("above 1.0: " + ", ".join(slower))
    loud = [row.name for row in table.rows.values() if row.loud]
    if loud:
        lines.append("spread over 5 % (!): " + ", ".join(loud))
    return lines


def aligned(cells):
    """Lines of columns; the first cell of each to the left."""
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return ["  ".join([line[0].ljust(widths[0])] +
                      [line[i].rjust(widths[i]) for i in range(1, len(line))])
            for line in cells]


def as_text(table):
    lines = aligned([HEAD] + [row.cells() for row in table.shown()])
    series = growth(table)
    if series:
        lines += [""] + aligned([GROWTH_HEAD] + [one.cells() for one in series.values()])
    return "\n".join(lines + [""] + summary(table))


def _markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" * 2 + "|--:" * (len(head) - 2) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def as_markdown(table):
    lines = _markdown(HEAD, [row.cells() for row in table.shown()])
    series = growth(table)
    if series:
        lines += [""] + _markdown(GROWTH_HEAD, [one.cells() for one in series.values()])
    return "\n".join(lines)


def as_json(table):
    rows = [{"name": row.name, "unit": row.unit, "ratio": row.ratio,
             "spread": row.spread, "marked": row.loud,
             "in_mean": next((kind for kind in KINDS if row in table.compared(kind)),
                             None),
             **{side: {"value": getattr(row, side).value,
                       "runs": getattr(row, side).runs,
                       "skipped": getattr(row, side).skipped} for side in SIDES}}
            for row in table.rows.values()]
    worst = table.worst()
    return {"rows": rows, "geometric_mean": table.mean(),
            "geometric_means": {kind: table.mean(kind) for kind in KINDS},
            "growth": {name: dict(zip(SIDES, one.exponents()))
                       for name, one in growth(table).items()},
            "worst": worst.name if worst else None}


def plotting():
    """matplotlib, set up so that the same figures make the same file."""
    import matplotlib  # only who draws needs it
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "bench"
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot
    return pyplot


def as_svg(table):
    """A bar a row, as long as its ratio; the line is where both are equal."""
    pyplot = plotting()
    rows = [row for row in table.shown() if row.ratio is not None]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.22 * len(rows)))
    bars = axes.barh([row.name for row in rows], [row.ratio for row in rows],
                     color=["#3a7ca5" if row.ratio <= 1 else "#c8553d" for row in rows])
    axes.bar_label(bars, [f"{row.ratio:.2f}{' !' if row.loud else ''}" for row in rows],
                   padding=3, fontsize=8)
    axes.axvline(1, color="black", linestyle="--", linewidth=1)
    axes.set_title("ours / Debian's Xen (shorter is better)", fontsize=10)
    axes.tick_params(labelsize=8)
    axes.margins(x=0.12, y=0.01)
    axes.invert_yaxis()
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return out.getvalue()
