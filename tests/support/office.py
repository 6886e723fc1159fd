"""At the office pages' desk: what their tests do again and again."""

from collections.abc import Awaitable, Callable

import httpx

from schemas.alerts import Category, Severity
from stations.console.reference import Reference
from tests.support import desk
from tests.support.desk import Desk, change, csrf_of


def at_desk(store: str, run: Callable[[Desk], Awaitable[None]]) -> None:
    """At a desk that knows one device model."""
    desk.at_desk(store, run, reference=Reference(profiles=("canonical",)))


async def does(client: httpx.AsyncClient, page: str, path: str, **fields: str) -> httpx.Response:
    """Fill in a form of a page and send it."""
    token = csrf_of((await client.get(page)).text)
    return await client.post(path, data=fields | {"csrf": token})


async def task_of(d: Desk, rule: str, category: Category) -> str:
    await d.raised(change("h1", at=d.now, rule=rule, severity=Severity.BLUE, category=category))
    ((task,),) = await d.rows("SELECT id FROM task WHERE kind = %s", rule)
    return str(task)
