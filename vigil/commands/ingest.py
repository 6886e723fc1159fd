"""vigil ingest."""

from vigil import ingest_process, logs
from vigil.settings import Settings


def ingest() -> None:
    """Take in readings, judge them, commit them, acknowledge them."""
    settings = Settings()
    logs.configure(settings.log)
    ingest_process.run(settings)
