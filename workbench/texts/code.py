r"""Tell lines of program text from lines of prose.

Patterns are precise rather than clever: each needs a construction that prose does not have (a call
with arguments, ``for (…;…;…)``, ``SELECT … FROM``, a tool's name with a flag). A line that fits
none is prose when it reads like a sentence, else neutral. Comments and docstrings are not counted,
so code stays code whatever language its comments are in.

A line longer than 400 characters is judged by its two ends, so the time grows with the length of
the text and not with its square.
"""

from __future__ import annotations

import json
import re

_NAME = r"[A-Za-z_$][\w$]*"
_DOTTED = rf"{_NAME}(?:(?:\.|::|->|\?\.){_NAME})*"

_TOOLS = (
    "kubectl|helm|git|docker|docker-compose|podman|pip|pip3|npm|npx|yarn|pnpm|cargo|conda|brew|"
    "apt|apt-get|yum|curl|wget|grep|sed|awk|ssh|scp|rsync|tar|chmod|chown|mkdir|rm|cp|mv|ls|cd|"
    "cat|echo|export|python|python3|node|go|systemctl|journalctl|psql|mysql|sqlite3|redis-cli|"
    "make|uv|find|xargs|sort|head|tail|jq|terraform|ffmpeg|source|jupyter|openssl"
)
_SUBCOMMANDS = (
    "add|apply|bisect|blame|branch|build|bundle|checkout|cherry-pick|clone|commit|compose|config|"
    "create|delete|describe|diff|down|exec|fetch|fmt|freeze|get|images|init|inspect|install|"
    "log|login|logs|merge|mod|ps|pull|push|rebase|remote|remove|reset|restart|restore|revert|"
    "rollout|run|show|start|stash|status|stop|switch|tag|test|top|uninstall|up|update|upgrade"
)
_SQL = (
    r"SELECT(?: DISTINCT)? *(?:$|\d|\*|[\w.\"`]+ *(?:,|\(|$| FROM\b| AS\b|[-+*/|]))|"
    r"INSERT INTO\b|UPDATE \S+ SET\b|DELETE FROM\b|EXPLAIN (?:ANALYZE |QUERY PLAN )?[A-Z]|"
    r"(?:CREATE|ALTER|DROP) (?:OR REPLACE |UNIQUE |TEMP )*(?:TABLE|INDEX|VIEW|DATABASE|SCHEMA)\b|"
    r"WITH \w+ AS\b|FROM [\w.\"/:-]+(?: AS)?(?: \w+)?[,;)]*$|"
    r"FROM [\w.\"]+(?: \w+)? (?:WHERE|ORDER|JOIN|LEFT)\b|"
    r"(?:WHERE|HAVING|AND|(?:LEFT |RIGHT |INNER |OUTER |CROSS )*JOIN) [a-z_(\"`]|"
    r"(?:ORDER|GROUP|PARTITION) BY [a-z_\d(\"`]|LIMIT \d|ON \w+\.|SET \w+ *=|VALUES *\(|UNION\b"
)
_LINE = re.compile(
    "|".join(
        rf"(?:{pattern})"
        for pattern in (
            # Python, and what looks like it
            r"(?:async )?def [^\s(]+\s*\(",
            r"class \w+[^ ]*\s*[:{(]",
            r"from [\w.]+ import \S",
            r"package (?:main$|[\w.]+;$)|use [\w:]+(?:::|;)",
            r"import [a-z][\w.:]*(?: as \w+)?(?:, *[\w.]+)*;?$",
            r"import (?:[\w*{}, ]+ from )?[\"'(]",
            r"(?:async )?for \w[\w, ()]* in [^\n]*:$",
            r"(?:el)?if [^\n]*(?:==|!=|[<>]|\(| in | is |\bnot )[^\n]*:$",
            r"(?:if|while|with) [\w.]+(?:\([^\n]*\))?(?: as \w+)?:$",
            r"with [\w.]+\(",
            r"(?:try|else|finally|except(?: [\w.(), ]+)?(?: as \w+)?):$",
            r"(?:return|yield|raise|await|assert|throw|del)\b(?:[^\n]*[(\[{=.;_+*/\"']|$)[^.]*",
            r"return (?:\w+;|\w{1,3}|True|False|None|true|false|null|result|self)$",
            r"@[\w.]+\(",
            r"print\b *[(\"']",
            r"lambda \w*(?:, *\w+)*:",
            # the C family, Go, Rust, JavaScript
            r"#include *[<\"]|#define \w|#!/",
            r"for *\([^\n]*(?:;| of | in | : )",
            r"for \w+(?:, *\w+)* *:?= ",
            r"(?:\} *)?(?:else )?if *\([^\n]*[;{)]$",
            r"if [^\n]*(?:==|!=|:=|&&|\|\||[<>])[^\n]*\{",
            r"(?:while|switch|catch) *\([^\n]*\) *(?:\{|$)",
            r"\} *(?:else|catch|finally)\b",
            r"(?:export |default |async |pub |static |public |private |protected |override )*"
            r"(?:fn|func|function)\b *(?:\([^\n]*\) *)?\*?\w* *\([^\n]*(?:[{,(]|\)[^.]*)$",
            r"(?:public|private|protected|static|export)(?: \w+)*"
            r" (?:class|void|int|const|interface|String)\b",
            rf"(?:type|struct|interface|enum|impl) {_NAME} *(?:struct|interface|=)? *\{{",
            r"\([\w, ]*\) *=>",
            r"&?\w+ *=> *[\w{(]",
            r"[\[{][^\n]* for \w+(?:, \w+)* in [^\n]*[\])}]$",
            r"[)\]}][;,()\[\]{} ]*$",
            r"(?:const|let|var) [\[{]|export [^\n]*;$|template *<",
            rf"{_DOTTED}<[^\n]*>[ &*]+\w+ *[=;({{]",
            rf"{_DOTTED}\[[^\]\n]*[.:=<>\"'][^\]\n]*\]",
            r"\w[^\n|]*\| *(?:grep|xargs|sort|head|tail|wc|jq|awk|sed|less|cut|uniq)\b",
            rf"(?:\*|&|await |new |return |go |defer |\.|!)*{_DOTTED}(?:\[[^\n\]]*\])*"
            r"(?:\+\+|--);?$",
            r"[\w-]+ *: *[^;{}\n]+;$",
            r"[.#]?[A-Za-z][\w-]*(?:[ ,>.:#]+[\w-]+)* *\{(?:$|[^{}\n]*:[^{}\n]*\}$)",
            # markup and data
            r"</?[A-Za-z][^<>\n]*>[^\n]*$|<[!?][A-Za-z]",
            r"[\[{]* *\"[^\"\n]+\" *: *[\[{\"\d\-tfn]",
            r"\[\[?[\w.-]+\]?\]$",
            # SQL, Dockerfile and shell
            _SQL,
            r"select (?:distinct )?[\w.*()]+(?:, *[\w.*()]+)* from \w",
            r"(?:RUN|COPY|WORKDIR|CMD|ENTRYPOINT|ENV|EXPOSE|ARG) [\w./\[\"]",
            r"(?:if|while) \[\[? |for \w+ in [^\n]*; *do\b|(?:fi|done|esac|then|do)$",
            r"(?:source|export) [\w./]+(?:=|$)|\.{1,2}/[\w./-]+(?: |$)",
        )
    ),
    re.ASCII,
)
_ASSIGNMENT = re.compile(
    r"(?:(?:const|let|var|val|mut|final|static|local|export|auto|int|long|float|double|char|"
    r"string|String|bool) +)*"
    rf"(?:[*&]?{_DOTTED}(?:\[[^\]\n]*\])*)(?:, *{_NAME})*(?: *: *[\w\[\]<>&., |]+?)? *"
    r"(?::=|\*\*=|[-+*/|&%]?=)(?!=) *(?P<value>\S[^\n]*)",
    re.ASCII,
)
_CALL = re.compile(
    rf"(?:await |new |defer |go |!)?(?P<name>{_DOTTED})\((?P<inside>[^\n]*)$", re.ASCII
)
_CHAIN = re.compile(rf"\.{_NAME}\(", re.ASCII)
_COMMAND = re.compile(
    rf"(?:\$ +)?(?:sudo )?(?:[A-Z_]+=\S+ )*(?P<tool>{_TOOLS}) (?P<rest>\S[^\n]*)$", re.ASCII
)
_SUBCOMMAND = re.compile(rf"(?:{_SUBCOMMANDS})(?: |$)")
_ARGUMENT = re.compile(
    r"(?:^| )--?[A-Za-z]|[|>$~*=@]|(?:^| )[\w.-]*/[\w./-]|\b[\w-]+\.(?:py|sh|js|go|csv|json|ya?ml|"
    r"txt|log|sql|gz|md|toml)\b|(?:^| )[\"']",
    re.ASCII,
)
_FLAGGED = re.compile(r"[a-z][\w.-]* [^\n]*(?<= )--?[a-z][\w-]*", re.ASCII)
_REGEX = re.compile(r"\\[dwsbDWSB]|\[\^?[A-Za-z0-9]-[A-Za-z0-9]|\(\?[:=!<P]|\.\*|\.\+")
_STOP = re.compile(r"\w[.!?:]$")
_COMMENT = ("#", "//", "--", "/*", "*/", "* ", "<!--", "'''")
_YAML = re.compile(r" *(?:- +)?[a-z][\w./-]*:(?: +\S{1,80}(?: \S{1,40}){0,2})?$| *- +\S{1,80}$")
_YAML_NESTED = re.compile(r"(?:^|\n) *[a-z][\w./-]*:\r?\n(?: +|- )\S")
_FUNCTION_WORDS = re.compile(
    r"(?:^| )(?:the|a|an|of|is|are|was|were|be|you|we|they|it|its|this|that|and|or|but|with|your|"
    r"my|for|to|has|have|can|will|should|not|why|how|what)(?=[,.;:!?]*(?: |$))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<![A-Za-z’',-])[A-Za-z’',-]+(?: [A-Za-z’',-]+){3}|[\u4e00-\u9fff]")
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`")
_WORDS_ONLY = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){2,}[.!?]?$")


def measure_code(text: str) -> tuple[float, float]:
    """How many lines are program text and how many prose; a neutral one is half a line of prose.

    Whole texts that are JSON or YAML count as one line of code and none of prose.
    """
    if _is_json(text) or _is_yaml(text):
        return 1, 0
    code, prose = 0.0, 0.0
    for raw in _without_docstrings(text).split("\n"):
        line = _clip(raw.strip())
        if not line or (line.startswith(_COMMENT) and not line.startswith(("#include", "#!/"))):
            continue
        if _is_code_line(line):
            code += 1
        else:
            prose += 1 if _SENTENCE.search(_QUOTED.sub("", line)) else 0.5
    return code, prose if code else prose + 1


def _without_docstrings(text: str) -> str:
    return '""'.join(text.split('"""')[::2]) if '"""' in text else text


def _clip(line: str) -> str:
    """A long line's two ends: bounds what the patterns can cost."""
    return line if len(line) <= 400 else line[:200] + line[-200:]


def _is_code_line(line: str) -> bool:
    if not line[0].isascii():
        return False
    if _LINE.match(line):
        return not _is_plain_sentence(line)
    return (
        _is_call(line) or _is_assignment(line) or _is_command(line) or _is_regular_expression(line)
    )


def _is_plain_sentence(line: str) -> bool:
    """Words and a full stop: "Return the book to me." though ``return`` opens it."""
    return bool(_WORDS_ONLY.match(line)) and not line.isupper() and line[-1] in ".!?"


def _is_call(line: str) -> bool:
    if _CHAIN.match(line):
        return True
    match = _CALL.match(line)
    if match is None:
        return False
    name, inside = match["name"], match["inside"].rstrip(" ;,{")
    if inside in ("s)", "es)"):  # apple(s)
        return False
    if not inside:
        return True
    if name[0].isupper() and "." not in name:
        return inside.endswith(")") and any(sign in inside for sign in "\"'=,_")
    return inside[0].isascii() and (inside.endswith((")", "]", "}")) or ")." in inside)


def _is_assignment(line: str) -> bool:
    match = _ASSIGNMENT.match(line)
    if match is None:
        return False
    return match["value"][0].isascii() and not _WORDS_ONLY.match(match["value"])


def _is_command(line: str) -> bool:
    bare = _QUOTED.sub("", line.split(" # ", maxsplit=1)[0])
    prose = not bare.isascii() or _FUNCTION_WORDS.search(bare)
    match = _COMMAND.match(line)
    if match is None:
        return bool(_FLAGGED.match(line)) and not prose
    rest = match["rest"]
    if _ARGUMENT.search(rest):
        return not prose
    return bool(_SUBCOMMAND.match(rest)) and not prose and not _STOP.search(rest)


def _is_regular_expression(line: str) -> bool:
    signs = len(_REGEX.findall(line))
    return signs > 0 and " " not in line and (signs > 1 or line[0] == "^" or line[-1] == "$")


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError):
        return False


def _is_yaml(text: str) -> bool:
    if not _YAML_NESTED.search(text):
        return False
    lines = [line for line in text.split("\n") if line.strip() and line.lstrip()[0] != "#"]
    fitting = sum(bool(_YAML.match(line.rstrip())) for line in lines)
    return fitting >= 0.8 * len(lines)
