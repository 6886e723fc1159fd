"""Fixtures for the whole suite: real services, one of each for the session."""

from collections.abc import Iterator

import pytest

from tests.support import guards, services
from vigil.embedded.broker import Broker
from vigil.embedded.postgres import Postgres
from vigil.logs import configure
from vigil.settings import LogSettings


@pytest.fixture(autouse=True, scope="session")
def logs() -> None:
    """As in production: structured lines."""
    configure(LogSettings(format="json"))


@pytest.fixture(autouse=True)
def guarded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test that blocks an event loop or leaves tasks or threads behind."""
    if request.node.get_closest_marker("unguarded"):
        yield
        return
    with (
        guards.no_blocking_calls(),
        guards.no_complaints_of_asyncio(),
        guards.no_thread_left(),
    ):
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The embedded server."""
    with Postgres(tmp_path_factory.mktemp("services") / "postgres") as server:
        yield server


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The embedded broker; tests share it, so they use areas of their own."""
    with Broker(tmp_path_factory.mktemp("services") / "broker") as server:
        yield server


@pytest.fixture(
    params=["postgres", pytest.param("timescaledb", marks=pytest.mark.timescaledb)],
)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of an empty database, on plain PostgreSQL and on TimescaleDB."""
    if request.param == "timescaledb":
        if services.TIMESCALE_DSN is None:
            pytest.skip("no VIGIL_TEST_TIMESCALE_DSN: not seen on TimescaleDB")
        server = services.TIMESCALE_DSN
    else:
        server = request.getfixturevalue("postgres").dsn
    with services.fresh_database(server) as dsn:
        yield dsn
