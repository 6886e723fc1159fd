"""vigil report: what was answered in a month, as CSV or as a page that prints."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from stations.report.build import NoSuchArea, Report, build
from stations.report.write import to_csv, to_html
from store import stations_pool
from vigil.clock import SystemClock
from vigil.commands.common import err, fail, out
from vigil.settings import Settings


def report(
    *,
    month: Annotated[str, typer.Option(help="such as 2026-03", show_default=False)],
    area: Annotated[str, typer.Option(help="with everything below it", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Option("--out", help="ends in .csv or .html; left out: CSV on standard output"),
    ] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="of the page; CSV has none")] = "zh",
) -> None:
    """The monthly report of an area. The same month gives the same file once it is settled."""
    if file is not None and file.suffix not in (".csv", ".html"):
        raise fail(f"{file}: the name ends in .csv or .html (a browser prints that to PDF)", 2)
    try:
        made = asyncio.run(_build(area, month))
    except (NoSuchArea, ValueError) as error:
        raise fail(str(error), 2) from error
    text = to_html(made, language) if file and file.suffix == ".html" else to_csv(made)
    if file is None:
        out(text.rstrip("\n"))
        return
    file.write_text(text, encoding="utf-8", newline="")
    if month >= datetime.fromtimestamp(SystemClock().now() / 1e6, UTC).strftime("%Y-%m"):
        err.print(f"{month} is not over: the report will still change")


async def _build(area: str, month: str) -> Report:
    dsn = Settings().store.dsn
    async with await stations_pool.connect(dsn, application="vigil report") as conn:
        return await build(conn, area=area, month=month)
