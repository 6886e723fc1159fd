"""Where these pages are."""

from starlette.routing import Route

from stations.console.case import deeds, pages

routes: list[Route] = [
    Route("/incidents/{incident:uuid}", pages.incident_page),
    Route("/incidents/{incident:uuid}/parts", pages.incident_parts),
    Route("/incidents/{incident:uuid}/calls", deeds.call, methods=["POST"]),
    Route("/elders/{elder}", pages.elder_page),
    Route("/elders/{elder}/parts", pages.elder_parts),
    Route("/elders/{elder}/quiet", deeds.keep_quiet, methods=["POST"]),
    Route("/elders/{elder}/quiet/end", deeds.speak_again, methods=["POST"]),
]
