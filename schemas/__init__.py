"""Every shape that crosses a boundary: quantities, readings as columns, alerts, directory, wire.

Imports none of the other packages; all of them import this one.
"""
