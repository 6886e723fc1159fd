"""What the console shows of packages that the stations do not know: rules in words and in figures,
models."""

from devices.catalogue import Catalogue
from rules.explain import Explanation, explain
from rules.explain.words import Both
from rules.load import load_catalogue
from schemas.alerts import Sentence
from stations.console.reference import Reference, RuleText, Section
from vigil.chart_limits import limits_of
from vigil.settings import Settings


def describe(settings: Settings) -> Reference:
    """The shipped rules as they are explained, and the device models of this site. Reads files."""
    catalogue = Catalogue.load(extra=settings.devices.folder)
    rules = load_catalogue()
    told = tuple(_told(explain(rule)) for rule in rules)
    return Reference(told, tuple(sorted(catalogue.profiles)), limits_of(rules))


def _told(one: Explanation) -> RuleText:
    sections = tuple(
        Section(section.block, _both(section.head), tuple(map(_both, section.lines)))
        for section in one.sections
    )
    return RuleText(one.id, _both(one.title), _both(one.category), sections)


def _both(words: Both) -> Sentence:
    return Sentence(zh=words.zh, en=words.en)
