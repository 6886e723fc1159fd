"""An incident as a card and the tasks as a list: what is shown, and what there is to press.

One primary action a card: the next thing a person would do. Everything else stands back.
"""

import re
import secrets
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from schemas.alerts import Severity
from stations.console.boards import urgency
from stations.console.pages import Pages, Reader
from stations.deed import Action, Outcome, Reached
from store.console_live import Colleague
from store.console_sessions import Session
from store.stations_board import BoardIncident, BoardTask
from store.stations_incident import IncidentAlert

_STEPS = (Action.CALLED, Action.ON_THE_WAY, Action.ON_SITE)
_AFTER = {
    "acknowledged": Action.CALLED,
    "called": Action.ON_THE_WAY,
    "on_the_way": Action.ON_SITE,
}
QUICK: tuple[tuple[Outcome, Reached], ...] = (
    (Outcome.FALSE_ALARM, Reached.SPOKEN),
    (Outcome.FALSE_ALARM, Reached.SEEN),
    (Outcome.GENUINE, Reached.SEEN),
    (Outcome.TO_HOSPITAL, Reached.HANDED_OVER),
    (Outcome.NOT_HOME, Reached.SPOKEN),
)
"""The endings that one press closes with, once the closing part is open."""
QUICK_TEST: tuple[tuple[Outcome, Reached], ...] = ((Outcome.TEST, Reached.SPOKEN), *QUICK)


Rendered = dict[Hashable, str]
"""What one state of a card or a list looks like, by kind of reader."""


class Buttons(NamedTuple):
    """`primary` None: closing is what comes next, or nothing is this worker's to do."""

    primary: str | None
    primary_word: str
    others: list[str]
    closable: bool


class Next(NamedTuple):
    """What happens when nobody does anything: a catalogue key, and the level it names."""

    key: str
    level: str | None


class Cards:
    """Renders for one reader: their language and zone, and what is theirs to press.

    Readers of one kind get the same text, rendered once; only the token of their forms differs.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._token = secrets.token_urlsafe(24)
        """Stands for a reader's own in what is kept; no text from outside can contain it."""

    def card(
        self,
        incident: BoardIncident,
        session: Session,
        reader: Reader,
        *,
        stations: Mapping[str, str],
        now: datetime | None,
        colleagues: Mapping[str, Sequence[Colleague]] | None = None,
        brief: bool = False,
        rendered: Rendered | None = None,
    ) -> str:
        """`stations`: names by id. `now`: so that a time of another day shows its day.
        `colleagues`: by station, who may take it over. `brief`: without people and history, for a
        page that shows them itself. `rendered` keeps what it is for the next reader."""
        mine = incident.holder == session.staff
        key = (session.station, mine, brief, *_kind(reader, now))
        kept: Rendered = {} if rendered is None else rendered
        if key not in kept:
            kept[key] = self._pages.fragment(
                "card.html",
                reader,
                i=incident,
                mine=mine,
                brief=brief,
                station=session.station,
                csrf=self._token,
                stations=stations,
                now=now,
                alerts=in_reading_order(incident.alerts),
                buttons=buttons(incident, session.staff),
                next=what_next(incident),
                quick=QUICK_TEST if incident.test else QUICK,
                outcomes=list(Outcome),
                ways=list(Reached),
                order=order(incident),
                page=page_key(incident, session.staff, session.station),
                takers=takers(incident, colleagues or {}),
                asked=asked(incident, colleagues or {}),
                tel=tel,
            )
        return kept[key].replace(self._token, session.csrf)

    def tasks(
        self,
        tasks: Sequence[BoardTask],
        session: Session,
        reader: Reader,
        *,
        now: datetime | None,
        rendered: Rendered,
    ) -> str:
        """As `card`."""
        key = _kind(reader, now)
        if key not in rendered:
            rendered[key] = self._pages.fragment(
                "tasks.html", reader, tasks=tasks, csrf=self._token, now=now
            )
        return rendered[key].replace(self._token, session.csrf)


def _kind(reader: Reader, now: datetime | None) -> tuple[Hashable, ...]:
    """What tells readers apart, whoever they are."""
    today = now.astimezone(reader.zone).date() if now else None
    return reader.words.language, reader.zone.key, today


def buttons(incident: BoardIncident, staff: str) -> Buttons:
    """What a worker may press. A card in somebody else's hands offers only to tell more people,
    one that is closed nothing."""
    if incident.state == "closed":
        return Buttons(None, "", [], False)
    if incident.holder == staff:
        return _holders(incident)
    if incident.holder is None or incident.climbing:
        return Buttons(Action.ACKNOWLEDGE, Action.ACKNOWLEDGE, [Action.ESCALATE], False)
    return Buttons(None, "", [Action.TAKE_OVER, Action.ESCALATE], False)


def _holders(incident: BoardIncident) -> Buttons:
    following = _AFTER.get(incident.state)
    steps: list[str] = list(_STEPS[_STEPS.index(following) :]) if following else []
    back: list[str] = [Action.EMERGENCY_CALLED, Action.ESCALATE, Action.RELEASE]
    if incident.climbing:  # it asks again: a missed deadline, or something new at that home
        return Buttons(Action.ACKNOWLEDGE, "again", steps + back, True)
    primary = steps[0] if steps else None
    return Buttons(primary, primary or "", steps[1:] + back, True)


def what_next(incident: BoardIncident) -> Next | None:
    """What its timer will do; None where it has none."""
    if incident.due_at is None:
        return None
    if not incident.climbing:
        return Next("next.step", None)
    if incident.next_level is None or incident.next_level in incident.levels:
        return Next("next.again", None)
    return Next("next.join", incident.next_level)


def in_reading_order(alerts: Sequence[IncidentAlert]) -> list[IncidentAlert]:
    """What still holds before what has cleared, the most severe and then the newest first."""
    return sorted(
        alerts,
        key=lambda a: (a.cleared is not None, -Severity(a.severity).rank, -a.onset.timestamp()),
    )


def order(incident: BoardIncident) -> str:
    """`boards.urgency` as text that the page sorts by."""
    test, rank, opened = urgency(incident)
    return f"{int(test)}{rank + 9}-{round(opened * 1e6):020d}-{incident.id}"


def page_key(incident: BoardIncident, staff: str, station: str) -> str:
    """Names this call for an answer, so that a page rings once for it; "" when none is asked.

    Every new page of the ladder moves `due_at`. What somebody holds calls them, and the stations
    that were paged since anybody last acted on it.
    """
    asks = incident.climbing and (
        incident.holder in (None, staff) or station in _paged_since_a_deed(incident)
    )
    if not asks or incident.due_at is None:
        return ""
    return f"{incident.id}@{round(incident.due_at.timestamp() * 1000)}"


def _paged_since_a_deed(incident: BoardIncident) -> set[str]:
    """Stations paged by what stands newest on record."""
    newest = takewhile(lambda event: event.staff is None, incident.events)
    return {
        station
        for event in newest
        if event.kind == "paged"
        for station in (
            *(page["station"] for page in event.detail["pages"]),
            *event.detail["again"],
        )
    }


def asked(incident: BoardIncident, colleagues: Mapping[str, Sequence[Colleague]]) -> str | None:
    """The name of whoever was asked to take it over and has not answered yet."""
    deeds = (event for event in incident.events if event.staff is not None)
    last = next(deeds, None)
    if last is None or last.kind != Action.HAND_OVER or not incident.climbing:
        return None
    among = colleagues.get(last.detail.get("to_station", ""), ())
    return next((c.name for c in among if c.id == last.detail.get("to")), last.detail.get("to"))


def takers(
    incident: BoardIncident, colleagues: Mapping[str, Sequence[Colleague]]
) -> list[tuple[str, list[Colleague]]]:
    """By station that it has reached, who may take it off its holder's hands: own station first."""
    stations = [s.station for s in incident.stations]
    reached = sorted(stations, key=lambda station: station != incident.holder_station)
    found = [
        (station, [c for c in colleagues.get(station, ()) if c.id != incident.holder])
        for station in reached
    ]
    return [(station, people) for station, people in found if people]


def tel(phone: str) -> str:
    """A `tel:` link."""
    return "tel:" + re.sub(r"[^0-9+*#,;]", "", phone)
