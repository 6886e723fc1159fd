"""GET /healthz: for whatever watches the console from outside."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stations.console.context import console


async def healthz(request: Request) -> Response:
    """200 while the boards are current and everything runs; else 503 with what is wrong."""
    problems = console(request).problems()
    return JSONResponse(
        {"status": "failing" if problems else "ok", "problems": problems},
        503 if problems else 200,
    )
