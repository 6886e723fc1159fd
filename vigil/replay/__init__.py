"""Replay: recorded traffic through the very same decoder, normaliser and rules.

It holds neither a broker nor a stations side, and writes to no store: it cannot page anybody.
The last line's time ends it: what would be due later does not fire.

    book → the alerts as they stand
    marks → what a recording says beside its messages
    capture, columns, store → where readings come from
    parts → which share of a fleet a process judges
    processes → several of them at once
"""
