"""The guards bite: each fails for what it is there for."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

import stations
from tests.support import guards

pytestmark = pytest.mark.unguarded


@pytest.mark.parametrize("call", ["time.sleep(0)", "open('/dev/null')"])
def test_a_blocking_call_of_ours_on_the_loop_raises(call: str) -> None:
    source = compile(call, str(Path(stations.__file__).with_name("slow.py")), "exec")

    async def slow() -> None:
        exec(source, {"time": time, "__name__": "stations.slow"})

    with guards.no_blocking_calls(), pytest.raises(guards.BlockingCallError):
        asyncio.run(slow())


def test_an_exception_that_nobody_fetched_is_found() -> None:
    async def forget() -> None:
        async def fail() -> None:
            raise ValueError("lost")

        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    with pytest.raises(AssertionError, match="never retrieved"), guards.no_complaints_of_asyncio():
        asyncio.run(forget())


def test_a_thread_that_goes_on_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()
    monkeypatch.setattr(threading.Thread, "join", lambda _self, _timeout=None: None)
    with pytest.raises(AssertionError, match="left behind"), guards.no_thread_left():
        threading.Thread(target=end.wait).start()
    end.set()
