"""The stations over an embedded store with the test town."""

from collections.abc import AsyncIterator, Iterator

import pytest

from stations.policy import Policy
from tests.support import services
from tests.support.desk import fresh_store
from tests.support.night import Night, night, prepare
from tests.support.registry import town
from vigil.embedded.postgres import Postgres


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(postgres: Postgres) -> Iterator[str]:
    """A store of the test's own, for the console."""
    with fresh_store(postgres.dsn) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def town_template(postgres: Postgres) -> Iterator[str]:
    """The name of a migrated database with a town of four homes, for others to be copies of."""
    with services.fresh_database(postgres.dsn) as dsn:
        prepare(dsn, town(homes=4))
        yield services.name_of(dsn)


@pytest.fixture
def town_dsn(postgres: Postgres, town_template: str) -> Iterator[str]:
    """A database of the test's own with the town; every station is on duty day and night."""
    with services.fresh_database(postgres.dsn, template=town_template) as dsn:
        yield dsn


@pytest.fixture
async def night_shift(town_dsn: str) -> AsyncIterator[Night]:
    async with night(town_dsn, Policy(link="https://desk.example")) as made:
        yield made
