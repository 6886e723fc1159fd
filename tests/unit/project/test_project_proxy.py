"""The tests' own TCP proxy does what it says: other tests believe it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.proxy import Filter, Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says everything again; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def serve(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            link, _ = server.accept()
            threading.Thread(target=repeat, args=(link,), daemon=True).start()


def repeat(link: socket.socket) -> None:
    with link, suppress(OSError):
        while data := link.recv(4096):
            link.sendall(data)


def dial(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def heard(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := link.recv(size - len(data))):
        data += more
    return data


def test_a_stalled_link_stays_open_and_says_nothing(echo: int) -> None:
    with Proxy(echo) as proxy, dial(proxy) as link:
        link.sendall(b"one")
        assert heard(link, 3) == b"one"
        proxy.stall()
        link.sendall(b"two")
        link.settimeout(0.2)
        with pytest.raises(TimeoutError):
            link.recv(1)
        with dial(proxy):  # accepted all the same
            pass
        link.settimeout(5)
        proxy.resume()
        assert heard(link, 3) == b"two"


def test_a_cut_link_is_reset_and_a_new_one_is_served(echo: int) -> None:
    with Proxy(echo) as proxy:
        with dial(proxy) as link:
            link.sendall(b"one")
            assert heard(link, 3) == b"one"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                link.recv(1)
        with dial(proxy) as link:
            link.sendall(b"two")
            assert heard(link, 3) == b"two"
        assert proxy.links == 2


def test_a_frozen_link_never_speaks_again_and_a_new_one_does(echo: int) -> None:
    with Proxy(echo) as proxy, dial(proxy) as old:
        old.sendall(b"one")
        assert heard(old, 3) == b"one"
        proxy.freeze()
        old.sendall(b"two")
        with dial(proxy) as new:
            new.sendall(b"three")
            assert heard(new, 5) == b"three"
        old.settimeout(0.2)
        with pytest.raises(TimeoutError):
            old.recv(1)


def test_a_refusing_proxy_resets_whoever_comes(echo: int) -> None:
    with Proxy(echo) as proxy:
        proxy.refuse()
        with pytest.raises(ConnectionResetError), dial(proxy) as link:
            link.recv(1)
        proxy.accept()
        with dial(proxy) as link:
            link.sendall(b"one")
            assert heard(link, 3) == b"one"


def test_a_link_is_cut_in_the_middle_of_what_is_said(echo: int) -> None:
    with Proxy(echo) as proxy, dial(proxy) as link:
        proxy.cut_after(4)
        link.sendall(b"0123456789")
        assert heard(link, 4) == b"0123"
        with pytest.raises(ConnectionResetError):
            link.recv(10)


def test_a_filter_alters_each_link(echo: int) -> None:
    class Loud(Filter):
        def up(self, data: bytes) -> bytes:
            return data.upper()

    with Proxy(echo, filter_=Loud) as proxy, dial(proxy) as link:
        link.sendall(b"word")
        assert heard(link, 4) == b"WORD"
