"""How good alerts are, measured against the truth of a simulated run.

Sensitivity and false alarms are always told together: either alone can be had for nothing.

    matching → which alert belongs to what happened, and which to nothing
    figures → found and missed, how late, false alarms, alerts per desk
    coverage → who is on duty where
    staffing → simulated workers answer the alerts
    score → all of it, as one JSON object
    page → all of it, as one HTML file
"""
