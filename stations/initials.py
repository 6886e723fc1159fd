"""The pinyin initials of elders' names: a name heard on the telephone is found by a few keys.

A character with several readings gives several: 单雄信 is found by `sxx` and by `dxx`.
"""

import asyncio
from itertools import islice, product

from psycopg import AsyncConnection
from pypinyin import Style, pinyin

from store import console_people

_READINGS = 3  # of one character, the commonest first
_MOST = 32  # spellings of one name
_BATCH = 50  # what one look at them may keep alerts waiting for: milliseconds


def initials(name: str) -> str:
    """Every spelling in lower case, separated by spaces: `王曾` → `wz wc`."""
    read = pinyin(name.replace(" ", ""), style=Style.FIRST_LETTER, heteronym=True)
    spellings = product(*(tuple(dict.fromkeys(r))[:_READINGS] for r in read))
    found = ("".join(one).lower() for one in islice(spellings, _MOST))
    return " ".join(dict.fromkeys(found))


async def fill(conn: AsyncConnection) -> int:
    """Give some of the new names their initials; how many, 0 when none is left.

    Any copy may run it at any time: the same name gets the same initials.
    """
    named = await console_people.without_initials(conn, most=_BATCH)
    if named:
        spelt = await asyncio.to_thread(lambda: [initials(one.name) for one in named])
        await console_people.put_initials(conn, named, spelt)
    return len(named)
