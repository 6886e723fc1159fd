"""The ladder's page: an administrator of the whole site changes it, and it counts."""

from schemas.directory import Level
from stations.console import words
from stations.console.office import ladder_form
from stations.ladder import Ladder
from store import stations_ladder
from tests.support.desk import Desk, change
from tests.support.office import at_desk, does

ZH = words.load()["zh"]
USUAL = ladder_form.shown(Ladder())


async def administrator(d: Desk) -> None:
    await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'city-1' RETURNING 1")


def wrong(**typed: str) -> dict[str, str]:
    """What the form says about it, by field."""
    said = {name.replace("__", "."): value for name, value in typed.items()}
    return dict(ladder_form.read(USUAL | said, ZH).wrong)  # type: ignore[arg-type]


def test_what_the_form_shows_is_the_ladder_again() -> None:
    assert ladder_form.read(USUAL, ZH).ladder == Ladder()  # type: ignore[arg-type]
    wide = {name: value.translate(_WIDE) for name, value in USUAL.items()}
    assert ladder_form.read(wide, ZH).ladder == Ladder()  # type: ignore[arg-type]


def test_what_is_wrong_stands_at_its_field_in_words() -> None:
    assert wrong(red__street="half") == {"red.street": "请填整数秒，例如 300。"}
    assert wrong(red__community="", red__street="30") == {
        "red.street": "第一个要呼叫的级别必须填 0：一出事就要有人知道。"
    }
    assert wrong(orange__district="300") == {"orange.district": "必须比街道晚。"}
    assert wrong(red__repeat_s="5") == {"red.repeat_s": "不能少于 10 秒。"}
    assert wrong(red__repeat_s="99999999") == {"red.repeat_s": "不能超过 86400 秒（一天）。"}
    assert wrong(orange__step_s="") == {"orange.step_s": "这一项必须填。"}
    empty = {f"red__{level}": "" for level in Level}
    assert wrong(**empty) == {"red.community": "至少要有一个级别被呼叫，第一个填 0。"}
    assert wrong(red__city="-1", orange__family_s="x").keys() == {"red.city", "orange.family_s"}


def test_a_level_that_is_left_out_moves_no_error_to_another() -> None:
    assert wrong(red__street="", red__district="x").keys() == {"red.district"}


def test_a_change_counts_for_the_next_alert_and_stands_on_record(store: str) -> None:
    async def run(d: Desk) -> None:
        await administrator(d)
        client = await d.signed_in("city-1")
        assert "按配置文件" in (await client.get("/ladder")).text
        typed = USUAL | {"red.street": "", "red.district": "20", "red.city": "40"}
        answer = await does(client, "/ladder", "/ladder", **typed, why="街道撤站", version="0")
        assert answer.headers["location"] == "/ladder"
        page = (await client.get("/ladder")).text
        assert "20 秒后呼叫区" in page
        assert "街道撤站" in page
        await d.raised(change("h1", at=d.now))
        rows = await d.rows("SELECT next_level, due_at - opened_at = '20 s' FROM incident")
        assert rows == [("district", True)]
        await does(client, "/ladder", "/ladder/reset", why="恢复", version="1")
        assert "按配置文件" in (await client.get("/ladder")).text
        trail = await d.rows(
            "SELECT action, staff, detail FROM audit WHERE action LIKE 'ladder.%%' ORDER BY id"
        )
        assert trail == [
            ("ladder.set", "city-1", {"version": 1, "why": "街道撤站"}),
            ("ladder.reset", "city-1", {"version": 2, "why": "恢复"}),
        ]

    at_desk(store, run)


def test_what_is_refused_is_kept_in_the_form_and_changes_nothing(store: str) -> None:
    async def run(d: Desk) -> None:
        await administrator(d)
        client = await d.signed_in("city-1")
        typed = USUAL | {"red.street": "昨天"}
        answer = await does(client, "/ladder", "/ladder", **typed, why="试试", version="0")
        assert answer.status_code == 409
        for said in ('value="昨天"', 'value="试试"', 'id="red.street-wrong"', "有 1 处要改"):
            assert said in answer.text
        answer = await does(client, "/ladder", "/ladder", **USUAL, version="0")
        assert answer.status_code == 409
        assert "请写明原因" in answer.text
        for version in ("3", "-1", "x", "9" * 40):
            answer = await does(client, "/ladder", "/ladder", **USUAL, why="试", version=version)
            assert "刚才已有别的管理员改过" in answer.text
        assert await d.rows("SELECT count(*) FROM ladder_change") == [(0,)]

    at_desk(store, run)


def test_an_administrator_of_a_part_and_a_supervisor_look(store: str) -> None:
    async def run(d: Desk) -> None:
        await d.rows("UPDATE staff SET role = 'admin' WHERE id = 'district-1' RETURNING 1")
        await d.rows("UPDATE staff SET role = 'supervisor' WHERE id = 'city-1' RETURNING 1")
        for staff in ("district-1", "city-1"):
            page = (await (await d.signed_in(staff)).get("/ladder")).text
            assert "30 秒后呼叫街道" in page
            assert "<fieldset" not in page
        await d.rows("UPDATE station SET retired_at = now() WHERE id = 'city' RETURNING 1")
        assert "<fieldset" in (await (await d.signed_in("district-1")).get("/ladder")).text

    at_desk(store, run)


def test_the_page_shows_who_changed_what_in_which_version(store: str) -> None:
    async def run(d: Desk) -> None:
        await administrator(d)
        async with d.pool.connection() as conn:
            for after in range(25):
                await stations_ladder.add(
                    conn, after=after, at=d.now, staff="city-1", why=f"第{after}次",
                    ladder=Ladder().model_dump(mode="json"),
                )  # fmt: skip
        page = (await (await d.signed_in("city-1")).get("/ladder")).text
        assert "city值班" in page
        assert "第 25 版" in page
        assert "第24次" in page
        assert "第4次" not in page

    at_desk(store, run)


_WIDE = {ord(str(n)): chr(ord("０") + n) for n in range(10)}
