"""The texts that every examination asks for: few, short, and each able to show a fault."""

from __future__ import annotations

QUERY = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
    "Query:which fruit is rich in vitamin C?"
)
"""A text that has the query prompt already: a server that adds it as well makes it double."""

LONG = (
    "The lighthouse keeper writes down the weather four times a day: wind, clouds, the height of "
    "the waves and how far the eye can reach. In winter the entries grow short, because the ink "
    "is stiff with cold and the oil has to be warmed before the lamp will burn. Each spring a "
    "boat brings flour, paper and letters, and takes the filled books to the harbour office, "
    "where a clerk compares them with those of the neighbouring towers. "
    "灯塔看守人每天记录四次天气，冬天的记录很短，春天有船送来面粉和信件。"
)
"""Above 64 tokens in any vocabulary, below 256 in those that know words."""

TEXTS: tuple[str, ...] = (
    "apple",
    "苹果是一种常见的水果，富含维生素。",
    "A screwdriver turns screws.",
    "def add(a: int, b: int) -> int:\n    return a + b\n",
    "  white space before, and after \n",
    "The First Letters Of These Words Are Capital, AND SOME ARE ALL CAPITAL.",
    "向量检索把文本映射到高维空间，再用余弦相似度 cosine similarity 找最近的邻居。",
    "ＦＵＬＬ　ＷＩＤＴＨ， ﬁgures ① and ½, naïve café, 🍎",
    QUERY,
    "Vitamin C is found in oranges, in kiwis and in red peppers.",
    "for (int i = 0; i < n; ++i) { total += price[i] * count[i]; }",
    LONG,
    "The delivery of order 4711 was planned for Monday morning and came on time.",
    "The delivery of order 4711 was planned for Monday morning and never arrived at all.",
    "importance of trees in cities: they give shade, hold water and clean the air.",
    "第一行\n第二行\n第三行",
)
"""Short and long, English, Chinese, mixed and code; white space at both ends and line breaks;
capital letters; characters that Unicode normalisation changes; two that begin alike for 50
characters."""

PAIR_ALIKE = (12, 13)
"""Places of the two texts that begin alike."""
SPACED = (3, 4)
"""Places of texts with white space at an end."""
BROKEN_LINES = (3, 8, 15)
"""Places of texts with line breaks inside."""

CAPITALS = 5
"""Place of the text with capital letters."""
