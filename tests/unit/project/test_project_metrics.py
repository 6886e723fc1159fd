"""docs/reference/metrics.md names every metric, as it is; and no label says who."""

import re
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from ingest.metrics import Metrics as IngestMetrics
from stations.metrics import Metrics as StationsMetrics
from store.metrics import StoreMetrics

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "metrics.md").read_text("utf-8")

LABELS = {"kind", "severity", "channel", "result", "loop", "state"}
"""Each has a handful of values that the code knows; none can hold an id."""


class Row(NamedTuple):
    name: str
    kind: str
    labels: tuple[str, ...]
    what: str


def documented() -> set[Row]:
    rows = re.findall(r"^\| `(vigil_\w+)` \| (\w+) \| ([^|]*)\| ([^|]+) \|$", PAGE, re.MULTILINE)
    return {
        Row(name, kind, tuple(re.findall(r"`(\w+)`", labels)), what)
        for name, kind, labels, what in rows
    }


def registered() -> set[Row]:
    """By what the processes make, each on a registry of its own."""
    rows = set()
    for make in (IngestMetrics, StationsMetrics, StoreMetrics):
        registry = CollectorRegistry()
        make(registry)
        for metric in list(registry._collector_to_names):
            assert isinstance(metric, MetricWrapperBase)
            names = tuple(metric._labelnames)
            rows.add(Row(metric._name, str(metric._type), names, metric._documentation))
    return rows


def test_the_page_is_complete_and_true() -> None:
    assert documented() == registered()


def test_no_label_says_who() -> None:
    assert {label for row in registered() for label in row.labels} <= LABELS


def test_what_to_be_woken_by_exists() -> None:
    """With the suffix that Prometheus sees."""
    series = {row.name + ("_total" if row.kind == "counter" else "") for row in registered()}
    section = PAGE.split("## What to be woken by")[1]
    named = set(re.findall(r"vigil_\w+", section))
    assert named
    assert named - series == set()
