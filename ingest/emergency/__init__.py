"""I9: an outage of the store does not hide an emergency.

In reading order: `progress` sees that commits do not come through, `aside` listens on a session
of its own, `ear` finds presses and confirmed falls and has them judged, `ledger` remembers them
until they are in the store, `journal` through a crash too, `cards` shapes them for their ladder,
`watch` does all that in its thread, and `guard` is what the ingest loop sees of it.
"""
