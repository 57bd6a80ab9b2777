# SPDX-License-Identifier: GPL-2.0-only
"""The arithmetic of a comparison, and its forms: text, Markdown, JSON, SVG."""

import html
import math
import statistics
from dataclasses import dataclass, field

SIDES = ("peer", "ours")
LOUD_SPREAD = 0.05
# Reading the counter is part of the instrument: shown, but not in the mean.
NOT_IN_MEAN = ("rdtsc",)


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
    def spread(self):
        known = [f.spread for f in (self.peer, self.ours) if f.spread is not None]
        return max(known) if len(known) == len(SIDES) else None

    @property
    def loud(self):
        return self.spread is not None and self.spread > LOUD_SPREAD

    def cells(self):
        """Operation, peer, ours, ratio, spread, as text."""
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
        return [self.name, *sides, ratio, spread + (" !" if self.loud else "")]


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

    def compared(self):
        """Rows that count: both sides have a figure that is not zero."""
        return [row for row in self.rows.values()
                if row.ratio and row.name not in NOT_IN_MEAN]

    def mean(self):
        ratios = [row.ratio for row in self.compared()]
        if not ratios:
            return None
        return math.exp(math.fsum(math.log(ratio) for ratio in ratios) / len(ratios))

    def worst(self):
        return max(self.compared(), key=lambda row: row.ratio, default=None)

    def incomplete(self):
        return [row.name for row in self.rows.values() if row.ratio is None]


def growth(table):
    """For operations measured in several sizes (NAME_1, NAME_64, ...): the exponent
    between the two largest, of both sides. 1.0: twice the size takes twice as long."""
    sizes = {}
    for row in table.rows.values():
        name, _, number = row.name.rpartition("_")
        if name and number.isdigit() and row.ratio:
            sizes.setdefault(name, {})[int(number)] = row
    found = {}
    for name, rows in sizes.items():
        if len(rows) > 1:
            small, large = sorted(rows)[-2:]
            found[name] = tuple(
                math.log(getattr(rows[large], side).value /
                         getattr(rows[small], side).value) / math.log(large / small)
                for side in SIDES)
    return found


HEAD = ["operation", "Debian's Xen", "ours", "ratio", "spread"]


def summary(table):
    if table.mean() is None:
        return ["nothing to compare"]
    worst = table.worst()
    lines = [f"geometric mean of {len(table.compared())} rows: {table.mean():.3f}",
             f"worst row: {worst.name}, {worst.ratio:.3f}"]
    lines += [f"growth of {name} with its size: exponent {peer:.2f} (Debian's), "
              f"{ours:.2f} (ours)" for name, (peer, ours) in growth(table).items()]
    loud = [row.name for row in table.rows.values() if row.loud]
    if loud:
        lines.append("spread over 5 % (!): " + ", ".join(loud))
    return lines


def as_text(table):
    cells = [HEAD] + [row.cells() for row in table.rows.values()]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = ["  ".join([line[0].ljust(widths[0])] +
                       [line[i].rjust(widths[i]) for i in range(1, len(HEAD))])
             for line in cells]
    return "\n".join(lines + summary(table))


def as_markdown(table):
    lines = ["| " + " | ".join(HEAD) + " |", "|---|--:|--:|--:|--:|"]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in table.rows.values()]
    return "\n".join(lines)


def as_json(table):
    rows = [{"name": row.name, "unit": row.unit, "ratio": row.ratio,
             "spread": row.spread, "marked": row.loud,
             "in_mean": row in table.compared(),
             **{side: {"value": getattr(row, side).value,
                       "runs": getattr(row, side).runs,
                       "skipped": getattr(row, side).skipped} for side in SIDES}}
            for row in table.rows.values()]
    worst = table.worst()
    return {"rows": rows, "geometric_mean": table.mean(), "growth": growth(table),
            "worst": worst.name if worst else None}


def as_svg(table):
    """A bar a row, as long as its ratio; the line is where both are equal."""
    rows = [row for row in table.rows.values() if row.ratio is not None]
    longest = max([1.2] + [row.ratio for row in rows])
    left, width, step = 230, 420, 20
    scale = width / longest
    height = step * len(rows) + 50
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" '
           f'height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="{left}" y="18">ours / Debian\'s Xen (shorter is better)</text>']
    for number, row in enumerate(rows):
        y = 30 + number * step
        colour = "#3a7ca5" if row.ratio <= 1 else "#c8553d"
        out += [f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">'
                f'{html.escape(row.name)}</text>',
                f'<rect x="{left}" y="{y}" width="{row.ratio * scale:.1f}" '
                f'height="{step - 5}" fill="{colour}"/>',
                f'<text x="{left + row.ratio * scale + 5:.1f}" y="{y + 12}">'
                f'{row.ratio:.2f}{" !" if row.loud else ""}</text>']
    x = left + scale
    out += [f'<line x1="{x:.1f}" y1="24" x2="{x:.1f}" y2="{height - 14}" '
            'stroke="black" stroke-dasharray="4 3"/>', "</svg>"]
    return "\n".join(out) + "\n"
