"""From the broker to the store: in reading order source, plain, single, decode, normalise, batch,
run.

A QoS 1 message is acknowledged only after the transaction that holds what it said has committed
(I1); what cannot be used is kept and stops nothing (I3); every queue is bounded (I4).
"""
