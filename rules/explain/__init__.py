"""What a rule does, in words, in Chinese and English: from its file alone, with its figures.

An explanation is for who decides whether the rule is right for an elder; how it is computed to
the microsecond is in docs/reference/rules.md.
"""

from rules.explain.explanation import Explanation, Section, explain

__all__ = ["Explanation", "Section", "explain"]
