"""What each device model puts on the wire, written from the vendors' own descriptions.

Pure functions to bytes. None of them shares anything with the decoders in `devices`.
"""
