"""vigil demo: everything embedded, to be looked at."""

import secrets
import signal
import tempfile
import webbrowser
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from vigil.clock import SystemClock
from vigil.commands.common import err, fail, out_json
from vigil.demo.run import Login, Options, Progress, run
from vigil.demo.world import World
from vigil.embedded.process import free_port, port_is_free

_PORT = 8012


def demo(
    *,
    homes: Annotated[int, typer.Option(min=2, max=22_000, help="simulated homes")] = 200,
    seconds: Annotated[
        float | None, typer.Option("--for", min=1, help="stop by itself after so many seconds")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="end with one JSON object")] = False,
    port: Annotated[int | None, typer.Option(help=f"console port (default {_PORT})")] = None,
    browser: Annotated[bool, typer.Option(help="open the console in a browser")] = True,
    speed: Annotated[float, typer.Option(min=0.1, max=600, help="how fast time runs")] = 1,
    seed: Annotated[int, typer.Option(help="another fleet, other incidents")] = 1,
    data: Annotated[
        Path | None, typer.Option(help="new folder to keep everything in; default: a passing one")
    ] = None,
) -> None:
    """Start store, broker, a simulated fleet, ingest, stations and console; show where to look."""
    screen = _Screen(json=json, browser=browser)
    signal.signal(signal.SIGTERM, screen.stop)
    signal.signal(signal.SIGINT, screen.stop)
    with ExitStack() as stack:
        if data is None:
            temporary = tempfile.TemporaryDirectory(prefix="vigil-demo-")
            data = Path(stack.enter_context(temporary))
        elif data.exists() and any(data.iterdir()):
            raise fail(f"{data} is not empty: name a new folder", 2)
        options = Options(
            homes=homes,
            seconds=seconds,
            seed=seed,
            port=_console_port(port),
            speed=speed,
            password=secrets.token_urlsafe(9),
        )
        screen.password = options.password
        stack.callback(screen.close)
        result = run(
            options,
            folder=data,
            real_now=SystemClock().now(),
            stopped=lambda: screen.stopped,
            opened=screen.opened,
            progress=screen.progress,
            say=screen.say,
        )
    screen.result(result)
    if result["lost"]:
        raise typer.Exit(1)


def _console_port(wanted: int | None) -> int:
    if wanted is not None:
        if not port_is_free(wanted):
            raise fail(f"port {wanted} is in use: give another one with --port", 2)
        return wanted
    return _PORT if port_is_free(_PORT) else free_port()


class _Screen:
    """What a demo shows: on standard error, so that standard output holds only the result."""

    def __init__(self, *, json: bool, browser: bool) -> None:
        self._json, self._browser = json, browser
        self._live: Live | None = None
        self.password = ""
        self.stopped = False

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True

    def opened(self, world: World, logins: list[Login]) -> None:
        err.print(f"\n[bold]Vigil demo[/bold]  console [link]{world.console_url}[/link]")
        for login in logins:
            err.print(
                f"  log in as [bold]{login.staff}[/bold]  password [bold]{self.password}[/bold]"
                f"  ({login.level}: {login.station})"
            )
        err.print(f"  broker  {world.broker_url}   topics vigil/v1/#, native/#")
        err.print(f"  store   {world.dsn}", highlight=False)
        err.print("  Ctrl-C ends it.\n")
        if self._browser:
            webbrowser.open(world.console_url)
        self._live = Live(console=err, auto_refresh=False, transient=True)
        self._live.start()

    def progress(self, now: Progress) -> None:
        if self._live is not None and err.is_terminal:
            text = (
                f"{now.elapsed:5.0f} s   {now.published} readings published "
                f"({now.rate:.0f}/s)   {now.delivered} alerts delivered"
            )
            self._live.update(Text(text), refresh=True)

    def say(self, text: str) -> None:
        err.print(text, markup=False)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def result(self, result: dict[str, Any]) -> None:
        if self._json:
            out_json(result)
            return
        for name, value in result.items():
            err.print(f"{name:13} {value}")
