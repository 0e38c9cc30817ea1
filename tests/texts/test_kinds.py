"""The kind of a text: by script, by lines that can only be code, within bounded time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from workbench.contracts import Kind
from workbench.texts import guess_kind
from workbench.texts.kinds import JUDGED_CHARACTERS

SHARED = Path(__file__).resolve().parents[3] / "shared"

CHINESE = (
    "苹果",
    "苹果是一种水果。",
    "用 pandas 读取一个 CSV 文件",
    "请问 Pod 一直 Pending 是什么原因？",
    "今天天气不错 😀",
    "他说：“你好”",
    "详见 https://example.com/docs/guide/index.html 的说明文档",
    "粵語都係中文",
    "卡尔·马克思",
    "错误：无法连接到数据库",
    "苹果(水果)",
    "pip install 失败了怎么办？网络一直超时",
    '在终端运行 git commit -m "x" 提交修改',
    "把 x = 1 改成 x = 2 就可以了，别的地方不用动",
)
ENGLISH = (
    "apple",
    "Le café est très bon.",
    "e\u0301cole",
    "How do I sort a list?",
    "Select the best option from the list.",
    "SELECT your seat early",
    "WHERE ARE YOU",
    "The function read_csv() reads a CSV file.",
    "Use `pd.read_csv` to load it.",
    "Use the --help flag to see all options.",
    "Go to https://example.com/a?b=c",
    "Get the pods (all of them) and delete; then retry.",
    "git is a tool",
    "The cat sat on the mat",
    "Find a hotel near the station",
    "Docker is great",
    "Return the book.",
    "for (some) people it is hard",
    "if you want to win: train",
    "class action suit",
    "package delivery",
    "apple(s)",
    "Apple (fruit)",
    "Alice: hello there\nBob: hi",
    "Step 1: boil water\nStep 2: add salt",
    "- apples\n- pears\n- plums",
    "# Heading\n\nSome words about apples.",
    "The Chinese word 苹果 means apple.",
    "I <3 you",
    "HTTP 503 Service Unavailable",
    "The formula E = mc^2 is famous.",
)
CODE = (
    "def f():",
    "x = 1",
    'print("hello")',
    "print('今天天气很好')",
    'df = pd.read_csv("a.csv")',
    "import numpy as np",
    "from os import path",
    "sorted(xs, key=len)",
    "[x for x in xs if x > 0]",
    "cos = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))",
    "with open('a.json') as f:\n    data = json.load(f)",
    "try:\n    f()\nexcept ValueError as exc:\n    raise",
    "SELECT id FROM t",
    "select id from t",
    "SELECT * FROM fruit WHERE name = '苹果';",
    "SELECT name, price\nFROM fruit\nWHERE price < 10\nORDER BY price DESC\nLIMIT 10;",
    "CREATE INDEX idx ON t (a);",
    "kubectl get pods -o json",
    "kubectl get pods",
    'git commit -m "x"',
    "git rebase -i HEAD~3",
    "docker build .",
    'echo "hi" > a.txt',
    "ps aux | grep nginx",
    'for f in *.csv; do wc -l "$f"; done',
    "for (int i=0;i<n;i++)",
    "#include <stdio.h>",
    "const x = await fetch(url)",
    "const [count, setCount] = useState(0);",
    "arr.sort((a, b) => a - b);",
    "function add(a, b) { return a + b; }",
    "std::vector<int> v = {1, 2, 3};",
    "if err != nil {\n\treturn err\n}",
    "let v: Vec<i32> = Vec::new();",
    "public static void main(String[] args) {",
    '{"name": "苹果", "price": 3}',
    "[1, 2, 3]",
    '{"text": "hi"}\n{"text": "yo"}',
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web",
    "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .",
    '<div class="card">\n  <p>你好，世界</p>\n</div>',
    "body {\n  color: red;\n}",
    r"^\d{4}-\d{2}-\d{2}$",
)
MIXED = (
    "Kubernetes Pod 一直处于 Pending 状态",
    "苹果 apple",
    "今天天气很好，我们去公园散步吧。The weather is lovely today, let us walk in the park.",
    "git rebase 之后 push 被 rejected，怎么办？",
    "这两行代码把文件读进来，再按价格排序：\ndf = pd.read_csv('a.csv')",
)
OTHER = (
    "",
    "   ",
    "😀🎉",
    "123",
    "2024-01-01",
    "…",
    "①②",
    "Привет, мир",
    "مرحبا بالعالم",
    "こんにちは",
    "日本語を勉強する",
    "リンゴは果物です",
    "사과는 과일이다",
    "ภาษาไทย",
    "α β γ",
)
CASES: list[tuple[str, Kind]] = [
    *((text, "zh") for text in CHINESE),
    *((text, "en") for text in ENGLISH),
    *((text, "code") for text in CODE),
    *((text, "mixed") for text in MIXED),
    *((text, "other") for text in OTHER),
]


@pytest.mark.parametrize(("text", "kind"), CASES, ids=[repr(text)[:40] for text, _ in CASES])
def test_the_kind_of_a_text_is_what_a_person_would_say(text: str, kind: Kind) -> None:
    assert guess_kind(text) == kind


def test_code_whose_comments_and_docstring_are_chinese_is_code() -> None:
    source = (
        "# 计算圆的面积\n"
        "def area(r):\n"
        '    """返回圆的面积。\n\n    参数是半径，单位随意，结果的单位是它的平方。\n    """\n'
        "    # 圆周率取近似值\n"
        "    return 3.14 * r ** 2  # 平方\n"
    )
    assert guess_kind(source) == "code"


def test_a_third_of_the_lesser_script_makes_a_text_mixed_and_less_does_not() -> None:
    assert guess_kind("苹苹苹苹 apple apple") == "mixed"  # 2 of 6 units
    assert guess_kind("苹苹苹苹苹 apple apple") == "zh"  # 2 of 7
    assert guess_kind("苹苹 apple apple apple apple") == "mixed"  # 2 of 6
    assert guess_kind("苹苹 apple apple apple apple apple") == "en"  # 2 of 7


def test_only_the_first_characters_of_a_long_text_are_judged() -> None:
    assert guess_kind("苹" * JUDGED_CHARACTERS + " apple" * JUDGED_CHARACTERS) == "zh"


def test_json_longer_than_what_is_judged_is_code() -> None:
    text = json.dumps([{"name": f"苹果 {n}"} for n in range(2_000)], ensure_ascii=False)
    assert len(text) > 2 * JUDGED_CHARACTERS
    assert guess_kind(text) == "code"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_real_technical_prose_with_code_words_in_it_is_prose(language: str) -> None:
    path = SHARED / "data" / "apisix_zh_en.jsonl"
    if not path.exists():
        pytest.skip(f"needs {path.name}, aligned technical paragraphs, in the shared data folder")
    rows = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    assert len(rows) > 200
    right = sum(guess_kind(row[language]) == language for row in rows)
    assert right / len(rows) >= 0.98


# Each would take from a tenth of a second to minutes with a pattern that backtracks.
UNITS = (
    *("苹果", "word ", "(", "[", '{"a":', "f(", "a.", "a,", "a, ", "a:", "a=", "a[", "a[b", "1"),
    *("\\d", "if (", "if == ", "for(", "for ( : ", "<a", "<a> ", "<", "'", '"', "`", "- x\n", " "),
    *("UNIQUE ", "LEFT ", "export ", "async ", "const ", "int ", "[ for a in ", "a::", "A=1 "),
    *("/*", '"""', "a:\n b:\n", "x\n", "=> ", "| grep ", "{:", ") ", "| ", "$ ", "а", "a\u0301"),
)


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_no_text_of_twenty_thousand_characters_takes_long(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        guess_kind(text)
        seconds.append(time.thread_time() - start)
    # 6 ms at most when measured alone; a pattern that backtracks takes hundreds
    assert min(seconds) < 0.03


# Each leaves a pattern two stretches to share out between, in as many ways as it is long.
LONG_LINES = (("if ", "<"), ("x[", " = "), ("a{", ":"), ("[x", " for a in b, "), ("for (", ";"))


@pytest.mark.parametrize(("start", "unit"), LONG_LINES, ids=repr)
def test_a_long_line_is_judged_by_its_two_ends(start: str, unit: str) -> None:
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        guess_kind((start + unit * 20_000)[:20_000])
        seconds.append(time.thread_time() - begin)
    # 1 ms when measured alone, 34 for the third of them if the whole line were tried
    assert min(seconds) < 0.015
