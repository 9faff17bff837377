"""The grammar of rules, and its parser. Nothing here runs code: a rule is data.

    rule       = or
    or         = and { "or" and }
    and        = not { "and" not }
    not        = "not" not | comparison
    comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
    sum        = product { ("+" | "-") product }
    product    = unary { ("*" | "/") unary }
    unary      = "-" unary | number | call | series | "(" or ")"
    call       = name "(" argument { "," argument } ")"
    argument   = series | window | number | string | sum

A window is a whole number and a unit: d, w, m, y (calendar) or obs (observations).
"""

import difflib
import re
from typing import Literal, NamedTuple, TypeAlias

from memory.errors import RuleError

LONGEST = 2_000
DEEPEST = 40

WINDOWED = frozenset({"change", "pct_change", "mean", "std", "zscore", "max", "min", "count"})
FUNCTIONS = {"last": (1, 1), "prior": (2, 2), "days_since": (1, 1), "abs": (1, 1), "fact": (1, 1)} | dict.fromkeys(WINDOWED, (2, 2))

Comparator = Literal["<", "<=", ">", ">=", "==", "!="]


class Window(NamedTuple):
    """How far back: ``n`` days, weeks, months, years, or observations."""

    n: int
    unit: Literal["d", "w", "m", "y", "obs"]

    def __str__(self) -> str:
        return f"{self.n}{self.unit}"


class Number(NamedTuple):
    """A constant."""

    value: float


class Series(NamedTuple):
    """A series by name; on its own it means its last value."""

    name: str


class Call(NamedTuple):
    """A function of a series (with a window or a count), of a fact's name, or of an expression."""

    function: str
    subject: "Node | str"
    window: Window | None = None


class Unary(NamedTuple):
    """``-x`` or ``not x``."""

    operator: Literal["-", "not"]
    operand: "Node"


class Binary(NamedTuple):
    """Arithmetic, a comparison, ``and`` or ``or``."""

    operator: str
    left: "Node"
    right: "Node"


Node: TypeAlias = Number | Series | Call | Unary | Binary


class Rule(NamedTuple):
    """A parsed rule: its text, its tree, and what it reads."""

    text: str
    root: Node
    series: frozenset[str]
    facts: frozenset[str]


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<window>\d+(?:obs|[dwmy])(?![A-Za-z0-9_.]))|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z_]))"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9][A-Za-z0-9_]*)*)|(?P<string>\"[^\"\\]{1,200}\")|(?P<operator><=|>=|==|!=|[-+*/()<>,−])"
)
_WORDS = frozenset({"and", "or", "not"})


def parse(text: str) -> Rule:
    """A rule from its text.

    Raises:
        RuleError: one sentence with the column of what is wrong and, where one is near, what was probably meant.
    """
    if len(text) > LONGEST:
        raise RuleError(f"a rule is at most {LONGEST} characters: split it into several signals")
    parser = _Parser(_lex(text))
    root = parser.either()
    parser.end()
    series, facts = _reads(root)
    return Rule(text, root, series, facts)


def format_rule(node: Node) -> str:
    """The canonical text of a tree; parsing it gives the same tree."""
    match node:
        case Number(value):
            return repr(value) if value != int(value) or abs(value) > 1e15 else str(int(value))
        case Series(name):
            return name
        case Call(function, subject, window):
            inner = f'"{subject}"' if isinstance(subject, str) else format_rule(subject)
            return f"{function}({inner}, {window})" if window else f"{function}({inner})"
        case Unary(operator, operand):
            return f"(-{format_rule(operand)})" if operator == "-" else f"(not {format_rule(operand)})"
        case Binary(operator, left, right):
            return f"({format_rule(left)} {operator} {format_rule(right)})"


def _lex(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise RuleError(f"column {at + 1}: {text[at : at + 12]!r} is not part of a rule: see the rule language in docs/concepts.md")
        kind = str(match.lastgroup)
        if kind != "space":
            value = match.group().replace("−", "-")
            found.append(_Token("word" if value in _WORDS else kind, value, at + 1))
        at = match.end()
    return [*found, _Token("end", "the end", len(text) + 1)]


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        token = self._peek()
        if token.kind != "end":
            raise RuleError(f"column {token.column}: {token.text!r} follows where the rule should end: join the parts with and/or")

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> _Token | None:
        token = self._peek()
        if token.kind in {"operator", "word"} and token.text in texts:
            self._at += 1
            return token
        return None

    def _expect(self, text: str) -> None:
        if not self._take(text):
            token = self._peek()
            raise RuleError(f"column {token.column}: {text!r} is missing before {token.text!r}")

    def either(self) -> Node:
        left = self._both()
        while self._take("or"):
            left = Binary("or", left, self._both())
        return left

    def _both(self) -> Node:
        left = self._negated()
        while self._take("and"):
            left = Binary("and", left, self._negated())
        return left

    def _negated(self) -> Node:
        if self._take("not"):
            self._deeper()
            operand = self._negated()
            self._depth -= 1
            return Unary("not", operand)
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        operator = self._take("<", "<=", ">", ">=", "==", "!=")
        if not operator:
            return left
        right = self._sum()
        again = self._take("<", "<=", ">", ">=", "==", "!=")
        if again:
            raise RuleError(f"column {again.column}: two comparisons in a row: write a < b and b < c")
        return Binary(operator.text, left, right)

    def _sum(self) -> Node:
        left = self._product()
        while operator := self._take("+", "-"):
            left = Binary(operator.text, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._unary()
        while operator := self._take("*", "/"):
            left = Binary(operator.text, left, self._unary())
        return left

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError(f"a rule is at most {DEEPEST} brackets deep: split it into several signals")

    def _unary(self) -> Node:
        self._deeper()
        try:
            if self._take("-"):
                return Unary("-", self._unary())
            if self._take("("):
                inner = self.either()
                self._expect(")")
                return inner
            return self._atom()
        finally:
            self._depth -= 1

    def _atom(self) -> Node:
        token = self._peek()
        self._at += 1
        if token.kind == "number":
            return Number(float(token.text))
        if token.kind != "name":
            raise RuleError(f"column {token.column}: a number, a series or a function is missing before {token.text!r}")
        return self._call(token) if self._take("(") else Series(token.text)

    def _call(self, name: _Token) -> Node:
        if name.text not in FUNCTIONS:
            near = difflib.get_close_matches(name.text, FUNCTIONS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(FUNCTIONS))}"
            raise RuleError(f"column {name.column}: there is no function {name.text!r}: {hint}")
        if name.text == "fact":
            subject: Node | str = self._fact_name()
        elif name.text == "abs":
            subject = self._sum()
        else:
            subject = self._series_name(name.text)
        window = None
        if FUNCTIONS[name.text][1] > 1:
            self._expect(",")
            window = self._window(name.text)
        self._expect(")")
        return Call(name.text, subject, window)

    def _fact_name(self) -> str:
        token = self._peek()
        if token.kind != "string":
            raise RuleError(f'column {token.column}: fact() takes a name in double quotes, e.g. fact("COMEX stocks")')
        self._at += 1
        return token.text[1:-1]

    def _series_name(self, function: str) -> Series:
        token = self._peek()
        if token.kind != "name":
            raise RuleError(f"column {token.column}: {function}() takes a series first, e.g. {function}(comex.silver.mar …)")
        self._at += 1
        return Series(token.text)

    def _window(self, function: str) -> Window:
        token = self._peek()
        self._at += 1
        if function == "prior":
            if token.kind == "number" and token.text.isdigit() and 0 < int(token.text) < 10_000:
                return Window(int(token.text), "obs")
            raise RuleError(f"column {token.column}: prior() takes a whole number of observations, e.g. prior(x, 1)")
        match = re.fullmatch(r"(\d{1,5})(obs|[dwmy])", token.text)
        if token.kind != "window" or not match or int(match[1]) == 0:
            raise RuleError(f"column {token.column}: {function}() takes a window such as 30d, 8w, 12m, 5y or 20obs, not {token.text!r}")
        return Window(int(match[1]), match[2])  # type: ignore[arg-type]


def _reads(node: Node) -> tuple[frozenset[str], frozenset[str]]:
    match node:
        case Series(name):
            return frozenset({name}), frozenset()
        case Call(_, str(subject), _):
            return frozenset(), frozenset({subject})
        case Call(_, subject, _):
            return _reads(subject)  # type: ignore[arg-type]
        case Unary(_, operand):
            return _reads(operand)
        case Binary(_, left, right):
            (left_series, left_facts), (right_series, right_facts) = _reads(left), _reads(right)
            return left_series | right_series, left_facts | right_facts
        case _:
            return frozenset(), frozenset()
