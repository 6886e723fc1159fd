"""Ending a task whose cancellation a library has swallowed.

`asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with its result, and
the MQTT client waits that way. The task's own count of requests to end does not forget.
"""

import asyncio


def check() -> None:
    """Raise CancelledError if this task was asked to end. Called once a round by what runs on."""
    task = asyncio.current_task()
    if task is not None and task.cancelling() > 0:
        raise asyncio.CancelledError
