# SPDX-License-Identifier: MIT
"""Markdown tables from a run.tsv, for weave.

A selector is words: workloads (`pipe/roundtrip,queue/roundtrip`, `*` allowed),
then `column=value[,value]` to choose rows and `columns=a,b,c` to choose what
is shown:

    pipe/roundtrip placement=same bytes=64 columns=bytes,median,times_floor
"""

import csv
import fnmatch
import os

COLUMNS = ["bytes", "median", "p99", "times_floor", "times_faster"]
HEADINGS = {"times_floor": "× floor", "times_faster": "× CPython",
            "settings": "the parent holds",
            "bytes": "size", "interval": "interval of the median",
            "median_interval": "interval of the median"}
INTERVALS = {"interval": "median", "median_interval": "median",
             "times_floor_interval": "times_floor",
             "times_faster_interval": "times_faster"}
TIMES = ("median", "mean", "stddev", "mad", "min", "max", "reference",
         "latency_p50", "latency_p99")
SIZE_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
TIME_UNITS = (("s", 1e9), ("ms", 1e6), ("µs", 1e3))
RATE_UNITS = (("G", 1e9), ("M", 1e6), ("k", 1e3))
ABSENT = ("", "nan", "-nan", "NaN", "null")


class Wrong(Exception):
    """What is wrong with a table, for people."""


def size(value):
    n = int(float(value))
    for unit, factor in SIZE_UNITS:
        if n >= factor and n % factor == 0:
            return "%d %s" % (n // factor, unit)
    return "%d B" % n


def time(value):
    ns = float(value)
    for unit, factor in TIME_UNITS:
        if abs(ns) >= factor:
            return "%s %s" % (figures(ns / factor), unit)
    return "%s ns" % figures(ns)


def figures(number):
    """Three significant figures, or all of the whole part."""
    whole = len(str(int(abs(number))))
    return "%.*f" % (max(0, 3 - whole) if abs(number) < 100 else 0, number)


def rate(value):
    number = float(value)
    for unit, factor in RATE_UNITS:
        if abs(number) >= factor:
            return "%s %s" % (figures(number / factor), unit)
    return figures(number)


def is_time(column):
    stem = column[:-4] if column.endswith("_low") else column
    stem = stem[:-5] if stem.endswith("_high") else stem
    return stem in TIMES or stem.endswith("_ns") or (
        stem[:1] == "p" and stem[1:].replace(".", "").isdigit())


def settings(value):
    """"resident=67108864,huge=1,descriptors=0": "64 MiB huge", for people."""
    values = dict(pair.split("=", 1) for pair in value.split(","))
    words = []
    if "resident" in values:
        words.append(size(values.pop("resident")))
    if values.pop("huge", "0") != "0":
        words.append("in huge pages")
    words += ["%s=%s" % pair for pair in values.items() if pair[1] != "0"]
    return " ".join(words) or "–"


def cell(row, column):
    if column in INTERVALS:
        stem = INTERVALS[column]
        low, high = cell(row, stem + "_low"), cell(row, stem + "_high")
        return low if low == high else "%s – %s" % (low, high)
    if column == "name":
        return "%s/%s" % (row["mechanism"], row["workload"])
    value = row.get(column)
    if value is None:
        raise Wrong("run.tsv has no column '%s'" % column)
    if value in ABSENT:
        return "–"
    try:
        if column == "bytes":
            return size(value)
        if column == "settings":
            return settings(value)
        if is_time(column):
            return time(value)
        if column.endswith("_per_s"):
            return rate(value)
        if column.startswith("times_"):
            return "%.2f" % float(value)
    except ValueError:
        raise Wrong("run.tsv: %s is not a number: '%s'" % (column, value))
    return value.replace("|", "\\|")


def parse(selector):
    names, columns, filters = [], list(COLUMNS), {}
    for word in selector.split():
        if "=" in word:
            key, values = word.split("=", 1)
            if key == "columns":
                columns = values.split(",")
            else:
                filters[key] = values.split(",")
        else:
            names += word.split(",")
    if not names:
        raise Wrong("the table selects no mechanism/workload")
    return names, columns, filters


def chosen(rows, names, filters):
    picked = []
    for name in names:
        mine = [r for r in rows if fnmatch.fnmatch(cell(r, "name"), name)]
        if not mine:
            raise Wrong("run.tsv has no row of '%s'" % name)
        for key in filters:
            if key not in mine[0]:
                raise Wrong("run.tsv has no column '%s'" % key)
        mine = [r for r in mine
                if all(r[key] in values for key, values in filters.items())]
        if not mine:
            raise Wrong("no row of '%s' has %s" % (name, " ".join(
                "%s=%s" % (k, ",".join(v)) for k, v in filters.items())))
        picked += [r for r in mine if r not in picked]
    return picked


def table(path, selector):
    """The table's lines, with the machine named beneath."""
    names, columns, filters = parse(selector)
    try:
        with open(path, encoding="utf-8", newline="") as source:
            rows = list(csv.DictReader(source, delimiter="\t",
                                       quoting=csv.QUOTE_NONE))
        card = os.path.join(os.path.dirname(path), "machine.txt")
        with open(card, encoding="utf-8") as source:
            machine = source.readline().split(None, 1)[-1].strip()
    except OSError as error:
        raise Wrong("%s: %s" % (error.filename, error.strerror))
    if not rows or "mechanism" not in rows[0] or "workload" not in rows[0]:
        raise Wrong("%s holds no rows" % os.path.basename(path))
    picked = chosen(rows, names, filters)
    if len({cell(r, "name") for r in picked}) > 1 and not (
            {"name", "workload"} & set(columns)):
        columns = ["name"] + columns
    lines = ["| %s |" % " | ".join(HEADINGS.get(c, c.replace("_", " "))
                                   for c in columns)]
    lines.append("|%s|" % "|".join(
        "---" if c in ("name", "mechanism", "workload", "start", "settings",
                       "placement") else "--:" for c in columns))
    for row in picked:
        lines.append("| %s |" % " | ".join(cell(row, c) for c in columns))
    return lines + ["", "Measured on: %s" % machine]
