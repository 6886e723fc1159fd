"""The pages beside the board, for work that can wait: one module a page, each with its `routes`.

Every page is bound to the reader's role here and to their station's areas in its queries.
"""

from starlette.routing import Route

from stations.console.office import (
    audit,
    devices,
    duty,
    ladder,
    people,
    quiet,
    reports,
    rules,
    staff,
    strangers,
    tasks,
    visits,
    weekly,
)

routes: list[Route] = [
    *tasks.routes,
    *visits.routes,
    *people.routes,
    *devices.routes,
    *strangers.routes,
    *quiet.routes,
    *duty.routes,
    *weekly.routes,
    *reports.routes,
    *rules.routes,
    *staff.routes,
    *ladder.routes,
    *audit.routes,
]
