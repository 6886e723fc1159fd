"""Templates in, HTML out: autoescaped, and an unknown name in a template is an error."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from stations.console.settings import ConsoleSettings
from stations.console.words import LANGUAGES, Language, Words, load

LANGUAGE_COOKIE = "vigil_language"
_TEMPLATES = Path(__file__).parent / "templates"


class Pages:
    """Renders in the reader's language and the site's zone."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._words = load()
        self._zone = ZoneInfo(settings.zone)
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
        self._environment.filters["clock"] = self._clock
        self._environment.filters["millis"] = _millis
        self._environment.filters["station_name"] = _station_name
        for template in self._environment.list_templates():
            self._environment.get_template(template)

    def words(self, request: Request) -> Words:
        """By `?lang=`, else by the cookie, else the site's language."""
        asked = _known(request.query_params.get("lang"))
        chosen = asked or _known(request.cookies.get(LANGUAGE_COOKIE))
        return self._words[chosen or self._settings.language]

    def fragment(self, template: str, words: Words, **values: object) -> str:
        return self._environment.get_template(template).render(
            t=words, lang=words.language, **values
        )

    def page(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A whole page. `?lang=` is remembered."""
        words = self.words(request)
        response = HTMLResponse(
            self.fragment(template, words, path=request.url.path, **values), status
        )
        if _known(request.query_params.get("lang")):
            response.set_cookie(
                LANGUAGE_COOKIE,
                words.language,
                max_age=365 * 86_400,
                secure=self._settings.secure,
                httponly=True,
                samesite="strict",
            )
        return response

    def _clock(self, when: datetime, today: datetime | None = None) -> str:
        """Hours and minutes, with the day in front where it is not today's."""
        local = when.astimezone(self._zone)
        if today is not None and today.astimezone(self._zone).date() == local.date():
            return f"{local:%H:%M}"
        return f"{local:%m-%d %H:%M}"


def _known(word: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == word), None)


def _millis(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _station_name(station: str, names: Mapping[str, str]) -> str:
    return names.get(station, station)
