"""vigil stations."""

from vigil import logs, stations_process
from vigil.settings import Settings


def stations() -> None:
    """Turn alerts into incidents, bring them to people, and serve the duty console."""
    settings = Settings()
    logs.configure(settings.log)
    stations_process.run(settings)
