"""Templates in, HTML out: autoescaped, and an unknown name in a template is an error."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stations.console import frame
from stations.console.settings import ConsoleSettings
from stations.console.words import LANGUAGES, Language, Words, load

LANGUAGE_COOKIE = "vigil_language"
THEME_COOKIE = "vigil_theme"
ZONE_COOKIE = "vigil_zone"
THEMES = ("auto", "dark", "light")
_TEMPLATES = Path(__file__).parent / "templates"
_KEPT_S = 365 * 86_400


class Reader(NamedTuple):
    """How somebody reads: their language, and the zone in which they live."""

    words: Words
    zone: ZoneInfo


class Pages:
    """Renders for one reader. Where a reader has not said, the site's language and zone."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._words = load()
        self._zone = ZoneInfo(settings.zone)
        self._zones = _zones()
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # Filters first: templates are compiled with them. All are read now, so that no request
        # waits for a disk.
        self._environment.filters["clock"] = _clock
        self._environment.filters["there"] = _there
        self._environment.filters["millis"] = _millis
        self._environment.filters["station_name"] = _station_name
        self._environment.globals |= {
            "navigation": frame.navigation, "is_current": frame.is_current, "session": None,
        }  # fmt: skip
        for template in self._environment.list_templates():
            self._environment.get_template(template)

    def words(self, request: Request) -> Words:
        """By `?lang=`, else by the cookie, else the site's language."""
        asked = _known(request.query_params.get("lang"))
        chosen = asked or _known(request.cookies.get(LANGUAGE_COOKIE))
        return self._words[chosen or self._settings.language]

    def reader(self, request: Request) -> Reader:
        """In the zone that the reader's browser told; a strange one counts as none."""
        told = self._zones.get(request.cookies.get(ZONE_COOKIE, ""))
        return Reader(self.words(request), told or self._zone)

    def fragment(self, template: str, reader: Reader, **values: object) -> str:
        return self._environment.get_template(template).render(
            t=reader.words, lang=reader.words.language, zone=reader.zone, **values
        )

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A whole page; with `session` it has the frame's navigation. `?lang=` and `?theme=` are
        remembered."""
        reader, theme = self.reader(request), _theme(request)
        values |= {"path": request.url.path, "theme": theme, "here": _Here(request)}
        response = HTMLResponse(self.fragment(template, reader, **values), status)
        if _known(request.query_params.get("lang")):
            self._remember(response, LANGUAGE_COOKIE, reader.words.language)
        if request.query_params.get("theme") == theme:
            self._remember(response, THEME_COOKIE, theme)
        return response

    def _remember(self, response: Response, cookie: str, value: str) -> None:
        response.set_cookie(
            cookie,
            value,
            max_age=_KEPT_S,
            secure=self._settings.secure,
            httponly=cookie == LANGUAGE_COOKIE,
            samesite="strict",
        )


class _Here:
    """Links to the page that is being shown, otherwise seen: `here(lang='en')`."""

    def __init__(self, request: Request) -> None:
        self._path = request.url.path if request.method == "GET" else "/"
        self._asked = dict(request.query_params) if request.method == "GET" else {}

    def __call__(self, **changed: str) -> str:
        return f"{self._path}?{urlencode(self._asked | changed)}"


@pass_context
def _clock(context: Context, when: datetime, today: datetime | None = None) -> str:
    """Hours and minutes in the reader's zone, with the day in front where it is not today's."""
    zone: ZoneInfo = context["zone"]
    local = when.astimezone(zone)
    if today is not None and today.astimezone(zone).date() == local.date():
        return f"{local:%H:%M}"
    return f"{local:%m-%d %H:%M}"


@pass_context
def _there(context: Context, when: datetime, zone: str | None) -> str:
    """Hours and minutes where it happens; "" where the reader's clock shows the same."""
    known = _zones().get(zone or "")
    if known is None:
        return ""
    there, here = when.astimezone(known), when.astimezone(context["zone"])
    return "" if there.utcoffset() == here.utcoffset() else f"{there:%H:%M}"


@cache
def _zones() -> dict[str, ZoneInfo]:
    """All of them, so that no request reads a file for a browser's word."""
    return {name: ZoneInfo(name) for name in available_timezones()}


def _theme(request: Request) -> str:
    """By `?theme=`, else by the cookie, else as the reader's system is."""
    wanted = (request.query_params.get("theme"), request.cookies.get(THEME_COOKIE))
    return next((theme for theme in wanted if theme in THEMES), THEMES[0])


def _known(word: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == word), None)


def _millis(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _station_name(station: str, names: Mapping[str, str]) -> str:
    return names.get(station, station)
