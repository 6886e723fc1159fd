"""A real broker on the configuration that `vigil broker config` writes."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.mosquitto import Mosquitto
from tests.support.registry import town
from vigil.broker_config.accounts import INGEST
from vigil.broker_config.site import Site, Tls
from vigil.broker_config.write import Which, write
from vigil.embedded import process
from vigil.embedded.broker import Broker
from vigil.embedded.service import Service


class SiteBroker:
    """Holds the town of `tests.support.registry`: gateways g1, g2, stations east, west, ..."""

    def __init__(self, which: Which, folder: Path, *, tls: Tls | None = None) -> None:
        self.which, self.config, self.port = which, folder / "config", process.free_port()
        self.site = Site(
            folder=self.config.absolute(),
            data=folder / "data",
            host="127.0.0.1",
            port=self.port,
            tls=tls,
            window=10_000,
            user="root",
        )
        self.site.data.mkdir(parents=True)
        write(which, town(), site=self.site, out=self.config)
        self.server: Service
        if which == "mosquitto":
            self.server = Mosquitto(folder, port=self.port, file=self.config / "mosquitto.conf")
        else:
            self.server = SiteNats(folder, port=self.port)

    def passwords(self) -> dict[str, str]:
        with (self.config / "accounts.csv").open(newline="") as file:
            return {row["login"]: row["password"] for row in csv.DictReader(file)}

    @property
    def url(self) -> str:
        """As ingest logs in."""
        return f"mqtt://{INGEST}:{self.passwords()[INGEST]}@127.0.0.1:{self.port}"


class SiteNats(Broker):
    """NATS on a file that lies there already; only its own port is another."""

    def _config(self) -> str:
        config = json.loads((self.folder / "config" / "nats.conf").read_text())
        config["listen"] = f"127.0.0.1:{process.free_port()}"
        return json.dumps(config)

    def _ready(self) -> bool:
        """It may want TLS, so that a plain question stays without an answer."""
        return not process.port_is_free(self.port)


@contextmanager
def site_broker(which: Which, folder: Path, *, tls: Tls | None = None) -> Iterator[SiteBroker]:
    broker = SiteBroker(which, folder, tls=tls)
    with broker.server:
        yield broker
