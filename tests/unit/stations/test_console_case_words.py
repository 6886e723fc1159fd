"""Every word that the case pages make from the domain's own words stands in both catalogues."""

import pytest

from schemas.directory import DeviceKind, Location
from stations.console import words
from stations.console.case.choices import RULES
from stations.console.chart.nights import RATES
from stations.deed import CallResult
from stations.route import Why


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_word_of_the_domain_has_its_words(language: words.Language) -> None:
    keys = [
        *(f"case_result.{r}" for r in CallResult),
        *(f"case_why.{w}" for w in Why if w is not Why.LADDER),
        *(f"case_rule.{r}" for r in RULES),
        *(f"case_device.{k}" for k in DeviceKind),
        *(f"case_location.{x}" for x in Location),
        *(f"case_edge.{e}" for e in ("in_bed", "out_of_bed", "sos", "fall")),
        *(f"case_record.{k}" for k in ("alert", "page", "step", "reading")),
        *(f"case_day.{r}" for r in RATES), *(f"case_nights.{r}" for r in RATES),
        *(f"case_quiet.{p}{k}" for k in ("away", "mute", "fall", "test")
          for p in ("", "set_", "more_")),
    ]  # fmt: skip
    strings = words.load()[language].strings
    assert [key for key in keys if key not in strings] == []
