"""From which rates on the rules speak for one elder: the lines of the console's charts.

The same order as in `rules.parameters`: the rule's figure, then the last group that fits, then the
elder's own override. An override that the rules cannot use is not used here either.
"""

from collections.abc import Iterable
from contextlib import suppress

from rules.parameters import figure
from rules.rule import Rule, When
from stations.console.chart.limits import NEWS2, Limits, LimitsOf, Reach, Settings

_RULES = {"heart_rate": "heart-rate", "respiratory_rate": "respiratory-rate"}


def limits_of(rules: Iterable[Rule]) -> LimitsOf:
    """For the site's rules; a rate without its rule keeps the shipped limits."""
    by_id = {rule.id: rule for rule in rules}
    found = {rate: by_id.get(id_) for rate, id_ in _RULES.items()}

    def of(settings: Settings) -> Limits:
        usual = NEWS2._asdict()
        return Limits(
            **{
                rate: _reach(rule, settings) if rule else usual[rate]
                for rate, rule in found.items()
            }
        )

    return of


def _reach(rule: Rule, settings: Settings) -> Reach:
    return Reach(_figure(rule, "low", settings), _figure(rule, "high", settings))


def _figure(rule: Rule, name: str, settings: Settings) -> float:
    found = figure(rule.parameters[name])
    for group in rule.when:
        if name in group.set and _fits(group, settings):
            found = figure(group.set[name])
    own = settings.overrides.get((rule.id, name))
    if own is not None:
        with suppress(ValueError):
            wanted = figure(own)
            if wanted >= rule.least.get(name, 0.0):
                found = wanted
    return found


def _fits(group: When, settings: Settings) -> bool:
    living = group.living is None or settings.living in group.living
    return living and (group.care_level is None or settings.care_level in group.care_level)
