"""When to listen aside, and when to go ahead of the store."""

import pytest

from ingest.emergency.progress import Patience, Progress, Stage, stage
from ingest.source import Messages

PATIENCE = Patience(listen_s=1, ahead_s=2, window=100)


@pytest.mark.parametrize(
    ("stuck", "unacknowledged", "expected"),
    [
        (None, 100, Stage.WELL),  # nothing at work: the next batch is under way
        (0.1, 100, Stage.WELL),  # ordinary at full speed
        (0.3, 49, Stage.WELL),
        (0.3, 50, Stage.LISTEN),
        (0.99, 0, Stage.WELL),
        (1.0, 0, Stage.LISTEN),
        (2.0, 0, Stage.AHEAD),
    ],
)
def test_stages(stuck: float | None, unacknowledged: int, expected: Stage) -> None:
    assert stage(stuck, unacknowledged=unacknowledged, patience=PATIENCE) is expected


def test_a_commit_starts_the_clock_anew() -> None:
    progress, messages = Progress(), Messages.none()
    progress.committed(5)
    seen = [progress.at_work]
    progress.begin(messages, 1)
    progress.committed(7)
    seen.append(progress.at_work)
    progress.end()
    assert [*seen, progress.at_work] == [None, (7, messages), None]
