"""The written configuration, on the real brokers: who may say and hear what."""

import shutil
import ssl
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from schemas import topics
from tests.support.mosquitto import needs_mosquitto
from tests.support.registry import EAST, WEST, town
from tests.support.site_broker import SiteBroker, site_broker
from tests.support.system import until
from vigil.broker_config.accounts import AccountError, accounts
from vigil.broker_config.nats import subjects
from vigil.broker_config.passwords import FILE
from vigil.broker_config.site import Tls
from vigil.broker_config.write import Which, write

WHICH = [pytest.param("mosquitto", marks=needs_mosquitto), "nats"]


@pytest.fixture(scope="module", params=WHICH)
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SiteBroker]:
    with site_broker(request.param, tmp_path_factory.mktemp(request.param)) as it:
        yield it


class User:
    """Logged in to the broker."""

    def __init__(
        self,
        broker: SiteBroker,
        login: str | None,
        password: str = "",
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.heard: list[str] = []
        self.answer: list[str] = []
        self._granted: list[bool] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        if login is not None:
            self._client.username_pw_set(login, password or broker.passwords()[login])
        if tls is not None:
            self._client.tls_set_context(tls)
        self._client.on_connect = lambda _c, _u, _f, reason, _p: self.answer.append(str(reason))
        self._client.on_message = lambda _c, _u, m: self.heard.append(m.topic)
        self._client.on_subscribe = lambda _c, _u, _m, reasons, _p: self._granted.extend(
            not reason.is_failure for reason in reasons
        )
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        until(lambda: self.answer)

    def hear(self, *filters: str) -> list[bool]:
        self._granted = []
        self._client.subscribe([(f, 1) for f in filters])
        until(lambda: len(self._granted) == len(filters))
        return self._granted

    def say(self, topic: str) -> None:
        self._client.publish(topic, b"{}", qos=1)

    def __enter__(self) -> "User":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def own(area: str, gateway: str) -> list[str]:
    up = topics.up(area, gateway)
    native = topics.native(area, gateway, "zigbee2mqtt/any/thing")
    return [up, f"{up}/m1", topics.status(area, gateway), native]


def test_a_gateway_says_its_own_and_nothing_else(broker: SiteBroker) -> None:
    foreign = [
        *own(WEST, "g2"),
        *own(WEST, "g1"),
        topics.station_alerts("east"),
        topics.station_acks("east"),
        topics.HEARTBEAT,
        "elsewhere",
    ]
    with User(broker, "vigil-ingest") as ingest:
        assert all(ingest.hear(*topics.SUBSCRIPTIONS))
        for topic in foreign:
            with User(broker, "g1") as gateway:  # NATS ends the connection of who says too much
                gateway.say(topic)
        with User(broker, "g1") as gateway:
            for topic in own(EAST, "g1"):
                gateway.say(topic)
            until(lambda: set(own(EAST, "g1")) <= set(ingest.heard))
        assert set(ingest.heard) == set(own(EAST, "g1"))


def test_a_gateway_hears_nothing(broker: SiteBroker) -> None:
    with User(broker, "g2") as spy, User(broker, "g1") as gateway:
        spy.hear("vigil/#", "native/#")
        with User(broker, "vigil-ingest") as ingest:
            ingest.hear(*topics.SUBSCRIPTIONS)
            gateway.say(own(EAST, "g1")[0])
            until(lambda: ingest.heard)
        assert spy.heard == []


def test_a_terminal_hears_its_own_alerts_and_answers_for_its_own_station(
    broker: SiteBroker,
) -> None:
    with (
        User(broker, "vigil-stations") as stations,
        User(broker, "station-east") as east,
        User(broker, "station-west") as west,
    ):
        stations.hear(topics.ACKS)
        for terminal, name in ((east, "east"), (west, "west")):
            terminal.hear(topics.station_alerts(name), topics.HEARTBEAT)
        with User(broker, "station-west") as nosy:
            nosy.hear(topics.station_alerts("east"))
            stations.say(topics.station_alerts("east"))
            stations.say(topics.HEARTBEAT)
            until(lambda: {topics.station_alerts("east"), topics.HEARTBEAT} <= set(east.heard))
            until(lambda: west.heard == [topics.HEARTBEAT])
            assert nosy.heard == []
        with User(broker, "station-west") as liar:
            liar.say(topics.station_acks("east"))
        west.say(topics.station_acks("west"))
        until(lambda: stations.heard)
        assert stations.heard == [topics.station_acks("west")]


def test_ingest_hears_its_markers_and_pages_terminals(broker: SiteBroker) -> None:
    marker = topics.up(topics.MARKER_AREA, "vigil-ingest", "marker")
    with User(broker, "vigil-ingest") as ingest, User(broker, "station-east") as east:
        ingest.hear(*topics.SUBSCRIPTIONS)
        east.hear(topics.station_alerts("east"))
        ingest.say(marker)
        ingest.say(topics.station_alerts("east"))
        until(lambda: ingest.heard == [marker])
        until(lambda: east.heard == [topics.station_alerts("east")])


@pytest.mark.parametrize(("login", "password"), [(None, ""), ("g1", "wrong"), ("nobody", "x")])
def test_strangers_stay_outside(broker: SiteBroker, login: str | None, password: str) -> None:
    with User(broker, login, password) as stranger:
        assert stranger.answer[0] != "Success"


def test_only_its_owner_reads_what_is_secret(broker: SiteBroker) -> None:
    for path in broker.config.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    in_clear = broker.passwords().values()
    for path in broker.config.iterdir():
        if path.name != FILE:
            assert not any(password in path.read_text() for password in in_clear)


def test_passwords_stay_and_who_left_is_gone(broker: SiteBroker, tmp_path: Path) -> None:
    first = write(broker.which, town(homes=3), site=broker.site, out=tmp_path)
    before = dict(line.split(",")[:2] for line in (tmp_path / FILE).read_text().splitlines())
    again = write(broker.which, town(homes=2), site=broker.site, out=tmp_path)
    after = dict(line.split(",")[:2] for line in (tmp_path / FILE).read_text().splitlines())
    assert (first.new, again.new) == (first.accounts, 0)
    assert after == {login: p for login, p in before.items() if login != "g3"}


def test_logins_are_one_each() -> None:
    directory = town()
    taken = directory.gateways[0].model_copy(update={"id": "vigil-ingest"})
    with pytest.raises(AccountError, match="vigil-ingest"):
        accounts(directory.model_copy(update={"gateways": (taken,)}))


@pytest.mark.parametrize(
    ("topic", "there"),
    [
        ("vigil/v1/a/g/up/+", ["vigil.v1.a.g.up.*"]),
        ("native/a/g.1/#", ["native.a.g//1", "native.a.g//1.>"]),
    ],
)
def test_topics_as_nats_has_them(topic: str, there: list[str]) -> None:
    assert subjects(topic) == there


OPENSSL = shutil.which("openssl")


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
@pytest.mark.parametrize("which", WHICH)
def test_with_a_certificate_gateways_speak_tls(which: Which, tmp_path: Path) -> None:
    tls = Tls(tmp_path / "cert.pem", tmp_path / "key.pem")
    command = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(tls.certificate), "-keyout", str(tls.key)]
    subprocess.run([OPENSSL or "openssl", *command], check=True, capture_output=True)
    with site_broker(which, tmp_path / "site", tls=tls) as broker:
        trusting = ssl.create_default_context(cafile=str(tls.certificate))
        with User(broker, "g1", tls=trusting) as gateway:
            assert gateway.answer == ["Success"]
