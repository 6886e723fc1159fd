"""The pictures of the console in the documentation, made anew by `make screenshots`.

A small simulated fleet's directory, thirty nights of one elder, a night's incidents; the console
serves them from an embedded store by a clock that stands at ten past three, and a real Chromium
looks. All names and addresses are the simulator's.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, StorageState

from schemas.alerts import Category, Change, ChangeKind, Sentence, Severity, alert_id
from schemas.directory import DeviceKind, Directory, Elder, Living
from schemas.times import to_micros
from simulator.fleet import make_directory
from stations.climb import climb_due
from stations.console.passwords import Passwords
from stations.console.serve import serve
from store.connect import connect
from store.directory import import_directory
from store.migrate import migrate
from tests.support import watched
from tests.support.browser import DESK, PHONE, chromium, page_of, sign_in
from tests.support.desk import PASSWORD, POLICY, Desk, desk
from vigil.embedded.postgres import Postgres

NIGHT = datetime(2026, 3, 2, 19, 10, tzinfo=UTC)
"""03:10 in Shanghai."""
ZONE = "Asia/Shanghai"
FOLDER = Path(__file__).parents[2] / "docs" / "reference"


class Picture(NamedTuple):
    """`page`: of the board, or of the incident with the racing heart."""

    file: str
    page: str
    size: tuple[int, int] = DESK
    language: str = "zh"
    look: str = "light"


PICTURES = (
    Picture("console.png", "board", (1280, 1000)),
    Picture("console-phone.png", "board", PHONE, look="dark"),
    Picture("console-incident.png", "incident", (1280, 1600)),
)
OTHERS = tuple(
    Picture(f"{page}-{language}-{look}-{size[0]}.png", page, (size[0], 1600), language, look)
    for page in ("board", "incident", "leave")
    for language in ("zh", "en")
    for look in ("light", "dark")
    for size in (DESK, PHONE)
)
"""Every other way, for whoever judges the design: `python -m tests.support.pictures FOLDER`."""


class Scene:
    """The homes of one community, and what happens in them tonight."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        areas = Counter(home.area for home in directory.homes)
        self.station = next(s for s in directory.stations if s.area == areas.most_common(1)[0][0])
        homes = [home.id for home in directory.homes if home.area == self.station.area]
        alone = [e for e in directory.elders if e.home in homes and e.living is Living.LONE]
        kinds = (DeviceKind.SOS_BUTTON, DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR)
        self.elders = [e for e in alone if all(self.device(e, kind) for kind in kinds)]
        staff = (s.id for s in directory.staff if s.station == self.station.id)
        self.worker = next(staff)

    def device(self, elder: Elder, kind: DeviceKind) -> str | None:
        found = (d.id for d in self._directory.devices if d.elder == elder.id and d.kind is kind)
        return next(found, None)

    def alert(self, n: int, rule: str, severity: Severity, said: Sentence, at: datetime) -> Change:
        """Of the `n`th of the elders."""
        kind = {"sos": DeviceKind.SOS_BUTTON, "battery-low": DeviceKind.SOS_BUTTON}
        elder, onset = self.elders[n], to_micros(at)
        device = self.device(elder, kind.get(rule, DeviceKind.MATTRESS))
        category = {Severity.RED: Category.EMERGENCY, Severity.BLUE: Category.DEVICE}
        return Change(
            kind=ChangeKind.RAISED, id=alert_id(rule, f"elder:{elder.id}", onset), rule=rule,
            category=category.get(severity, Category.CARE), severity=severity, at=onset,
            onset=onset, reason=said, home=elder.home, elder=elder.id, device=device,
        )  # fmt: skip


_HEART = Sentence(
    zh="在床心率 139 次/分，高于上限 131，已持续 2 分钟。",
    en="Heart rate in bed 139/min, above the limit of 131, for 2 minutes.",
)
_AWAKE = Sentence(
    zh="夜间离床 30 分钟未回，平时约 8 分钟。", en="Out of bed for 30 minutes; usually about 8."
)
_PRESS = Sentence(
    zh="卫生间求助按钮被按下（电量 64 %）。", en="The bathroom SOS button was pressed (64 %)."
)
_BATTERY = Sentence(zh="求助按钮电量 12 %。", en="The SOS button's battery is at 12 %.")
_SILENT = Sentence(
    zh="床垫已 17 分钟没有消息（上限 15 分钟）。",
    en="The mattress has been silent for 17 minutes (limit 15).",
)


async def play(d: Desk, scene: Scene) -> None:
    """Until ten past three: an orange in hand, another that waits, and a red of a moment ago."""
    for minutes, n, rule, severity, said in (
        (95, 3, "battery-low", Severity.BLUE, _BATTERY),
        (40, 2, "device-silent", Severity.BLUE, _SILENT),
        (12, 1, "night-absence", Severity.ORANGE, _AWAKE),
        (4, 0, "heart-rate", Severity.ORANGE, _HEART),
        (0.7, 4, "sos", Severity.RED, _PRESS),
    ):
        d.now = NIGHT - timedelta(minutes=minutes)
        await d.raised(scene.alert(n, rule, severity, said, d.now))
        if rule == "night-absence":
            for action in ("acknowledge", "called"):
                d.passes(30)
                await d.act(scene.worker, action)
    d.now = NIGHT
    async with d.pool.connection() as conn:
        while await climb_due(conn, d.now, POLICY):
            pass


async def take(d: Desk, scene: Scene, pictures: tuple[Picture, ...], folder: Path) -> None:
    """Serve the console, sign in, and look."""
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(d.app, "127.0.0.1", 0, ready=port.set_result))
    url = f"http://127.0.0.1:{await port}"
    ((heart,),) = await d.rows(
        "SELECT i.incident FROM incident_alert i JOIN alert a ON a.id = i.alert"
        " WHERE a.rule = 'heart-rate'"
    )
    paths = {"board": "/", "incident": f"/incidents/{heart}", "leave": "/leave"}
    async with chromium() as browser:
        state = await _signed_in(browser, url, scene.worker)
        for picture in pictures:
            await _shoot(browser, state, url + paths[picture.page], picture, folder)
    serving.cancel()
    await asyncio.wait([serving])


async def _signed_in(browser: Browser, url: str, staff: str) -> StorageState:
    async with page_of(browser, quiet=True, timezone_id=ZONE) as page:
        await sign_in(page, url, staff)
        await page.click("#start")
        await page.wait_for_function("document.body.dataset.sound === 'on'")
        await page.wait_for_timeout(1000)
        return await page.context.storage_state()


async def _shoot(
    browser: Browser, state: StorageState, url: str, picture: Picture, folder: Path
) -> None:
    phone = picture.size[0] == PHONE[0]
    options = {"is_mobile": True, "has_touch": True} if phone else {}
    async with page_of(
        browser, size=picture.size, quiet=True, storage_state=state, color_scheme=picture.look,
        timezone_id=ZONE, reduced_motion="reduce", device_scale_factor=2 if phone else 1,
        **options,
    ) as page:  # fmt: skip
        await page.goto(f"{url}?lang={picture.language}")
        await page.wait_for_selector("body[data-link=live]")
        # As a worker sees it who has just been called: the sound is on, the page has settled.
        await page.evaluate("document.body.dataset.sound = 'on'")
        if picture.page != "board":
            await page.keyboard.press("Escape")  # the ring has been heard
        await page.wait_for_timeout(300)
        await page.screenshot(path=folder / picture.file)


def main(folder: Path | None = None) -> None:
    """Into the documentation; into another folder: every way there is."""
    directory = make_directory(homes=120, seed=7)
    scene = Scene(directory)
    elder = scene.elders[0]
    kinds = (DeviceKind.MATTRESS, DeviceKind.FALL_SENSOR, DeviceKind.SOS_BUTTON)
    mattress, room, button = (scene.device(elder, kind) or "" for kind in kinds)
    with tempfile.TemporaryDirectory() as place, Postgres(Path(place) / "store") as store:
        migrate(store.dsn)
        with connect(store.dsn, application="pictures") as connection:
            import_directory(connection, directory, now=to_micros(NIGHT))
            hashed = Passwords().hash(PASSWORD)
            connection.execute("UPDATE staff SET password_hash = %s", (hashed,))
            watched.nights(connection, now=NIGHT, elder=elder.id, devices=(mattress, room, button))

        async def run() -> None:
            async with desk(store.dsn, following=False) as d:
                await play(d, scene)
                pictures = PICTURES if folder is None else OTHERS
                await take(d, scene, pictures, folder or FOLDER)

        asyncio.run(run())


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:2]))
