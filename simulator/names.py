"""Fictional names, addresses and numbers. No mobile number begins with 1000."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = tuple(
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢"
    "宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任"
)
ELDER_GIVEN = _words(
    "桂英 秀兰 玉珍 凤英 淑华 秀珍 金凤 月娥 素芬 爱珍 桂兰 玉兰 美英 翠花 彩云 惠芳 "
    "建国 德明 国强 志明 永福 长根 阿根 宝生 金水 福生 树林 振华 文彬 水根 荣华 庆生"
)
STAFF_GIVEN = _words(
    "晓燕 丽娜 佳怡 海涛 俊杰 雪梅 志远 婷婷 晨曦 伟东 思敏 文静 浩然 春燕 立新 小红"
)
DISTRICTS = _words("临湖 江岸 北山 南塘 东港 西溪")
STREETS = _words("桂花 临湖 清波 望江 石桥 古荡 梅溪 柳浪 云栖 竹影 长河 青山")
COMMUNITIES = _words(
    "桂苑 荷塘 枫林 银杏 兰亭 松风 翠竹 金桥 雅居 映月 紫薇 春晓 和睦 安康 文汇 锦绣 "
    "百合 丹桂 秋涛 红梅 新月 碧波 玉泉 朝阳"
)
DOOR_NOTES = (
    "门铃坏了,请敲门",
    "家里养狗,请先打电话",
    "钥匙在社区值班室 {n} 号柜",
    "电子锁,密码由家属电话告知",
    "电梯停 {n} 楼,再走半层",
    "耳背,请用力敲门",
)
RELATIONS = (
    ("女儿", "女士"),
    ("儿子", "先生"),
    ("儿媳", "女士"),
    ("侄子", "先生"),
    ("邻居", "女士"),
    ("妹妹", "女士"),
)
"""Relation to the elder, and how to address the person."""


def phone(number: int) -> str:
    """Eleven digits that look like a mobile number and are none."""
    return f"1000{number % 10_000_000:07d}"
