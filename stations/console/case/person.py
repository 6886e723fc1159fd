"""One elder on a page: how it is now, the day drawn, thirty nights, devices, what is kept quiet.

Everything comes from summaries by minute and by hour: what is read does not grow with how often a
device speaks, nor with how long it has been kept.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.alerts import Severity
from schemas.directory import DeviceKind, Location
from schemas.times import DAY, HOUR, to_micros
from stations.console.chart import day, figures, nights
from stations.console.chart.bins import BIN, Bins, bins
from stations.console.chart.day import NARROW, WIDE, Day, Happened
from stations.console.chart.figures import HourRow, Summary
from stations.console.chart.limits import LimitsOf, Settings
from stations.console.chart.nights import Nights
from store import case_elder, devices_now
from store import series as store_series
from store.case_elder import ElderHome, Quiet
from store.console_sessions import Connection
from store.devices_now import DeviceNow
from store.stations_incident import IncidentAlert

_MARKED = 12
"""So many alerts have room on a phone's drawing; the newest."""
_DEVICES = 32


@dataclass(frozen=True, slots=True)
class Device:
    """`wrong`: the rules of its open alerts (device-silent, battery-low, tamper, …)."""

    now: DeviceNow
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """`marked`: the alerts on the drawing, numbered from 1 in this order. `zone`: the elder's;
    times of the drawing and of the nights are in it. `reachable`: the elder's own page and what is
    kept quiet are for the station that reads."""

    elder: ElderHome
    zone: ZoneInfo
    bins: Bins
    drawings: tuple[Day, ...]
    summary: Summary
    table: list[HourRow]
    marked: list[IncidentAlert]
    nights: Nights
    devices: list[Device]
    quiet: list[Quiet]
    reachable: bool


async def read(
    conn: Connection,
    elder: ElderHome,
    *,
    reachable: bool,
    until: datetime,
    now: datetime,
    zone: ZoneInfo,
    limits_of: LimitsOf,
) -> Person:
    """The day that ends at `until`. `zone` is the site's, for an elder for whom nobody says one."""
    zone = ZoneInfo(elder.zone) if elder.zone else zone
    devices = (await devices_now.of_elder(conn, elder.id))[:_DEVICES]
    binned = await _bins(conn, elder.row, devices, to_micros(until))
    since = until - timedelta(days=1)
    alerts = await case_elder.alerts(conn, elder.id, elder.home, since=since, until=until)
    marked = [a for a in alerts if a.severity != Severity.BLUE][-_MARKED:]
    limits = limits_of(_settings(elder))
    happened = [Happened(a.onset, a.severity) for a in marked]
    wrong = await case_elder.device_alerts(conn, [d.id for d in devices])
    return Person(
        elder=elder,
        zone=zone,
        bins=binned,
        drawings=tuple(
            day.day(binned, limits=limits, happened=happened, zone=zone, size=size)
            for size in (WIDE, NARROW)
        ),
        summary=figures.summary(
            binned, heart_rate=limits.heart_rate, respiratory_rate=limits.respiratory_rate
        ),
        table=figures.table(binned, zone=zone),
        marked=marked,
        nights=await _nights(conn, elder.row, devices, until=until, zone=zone),
        devices=[Device(d, tuple(wrong.get(d.id, ()))) for d in devices],
        quiet=list(await case_elder.quiet(conn, elder.id, elder.home, now=now)),
        reachable=reachable,
    )


def evening(at: datetime, zone: ZoneInfo) -> date:
    """The date of the night that a moment belongs to, or that ended last."""
    return (at.astimezone(zone) - timedelta(hours=18)).date()


async def _bins(conn: Connection, row: int, devices: list[DeviceNow], until: int) -> Bins:
    end = -(-until // BIN) * BIN
    said = await store_series.series(
        conn, [d.row for d in devices], since=end - DAY, until=end, level="minute", elder=row
    )
    return bins(devices, said, since=end - DAY, until=end)


async def _nights(
    conn: Connection, row: int, devices: list[DeviceNow], *, until: datetime, zone: ZoneInfo
) -> Nights:
    beds = [
        d.row for d in devices
        if d.kind == DeviceKind.MATTRESS and d.location == Location.BED
    ]  # fmt: skip
    newest = evening(until, zone)
    first = newest - timedelta(days=nights.SHOWN - 1)
    start = datetime(first.year, first.month, first.day, 18, tzinfo=zone)
    hourly = await store_series.series(
        conn,
        beds,
        since=to_micros(start) // HOUR * HOUR,
        until=to_micros(until),
        level="hour",
        elder=row,
    )
    kept = await store_series.nights(conn, beds, first=first, last=newest, zone=zone.key, elder=row)
    return nights.nights(kept, list(hourly.values()), zone=zone, newest=newest)


def _settings(elder: ElderHome) -> Settings:
    overrides = {(rule, parameter): value for rule, parameter, value in elder.overrides}
    return Settings(elder.living, elder.care_level, overrides)
