"""Lines that a page carries and its author did not write: cookie notices, share buttons, menus, foreign scripts."""

import re
from collections import Counter

LONGEST = 300
"""Characters of the longest line that can be boilerplate."""
OWN = 0.3
"""A script that has this share of a document's letters is one of its own."""
_SAMPLE = 200_000
_FEWEST = 4
_PIECES = 3

_SCRIPTS = {
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Hebrew": "\u0590-\u05ff",
    "Devanagari": "\u0900-\u097f",
    "Thai": "\u0e00-\u0e7f",
    "Hangul": "\u1100-\u11ff\uac00-\ud7af",
    "Kana": "\u3041-\u30ff",
    "Greek": "\u0370-\u03ff",
}
_OF_SCRIPT = {name: re.compile(f"[{ranges}]") for name, ranges in _SCRIPTS.items()}
_ANY_SCRIPT = re.compile(f"[{''.join(_SCRIPTS.values())}]")
_LETTER = re.compile(r"[^\W\d_]")

_KINDS = {
    "cookie notices": r"(?:we|we and our partners|this (?:web)?site|our (?:web)?site) (?:uses?|stores?|sets?|places?)\b"
    r".*\bcookies?\b.*"
    r"|by (?:continuing|using|browsing|clicking)\b.*\bcookies?\b.*"
    r"|(?:accept|reject|allow|decline|manage)(?: all| necessary)? (?:cookies?|cookie (?:settings|preferences))\W*"
    r"|cookies? (?:policy|settings|preferences|notice|consent)\W*"
    r"|.{0,20}(?:本网站|本網站|本站|我们|我們)?使用\s?cookies?.*|接受(?:所有|全部)?\s?cookies?\W*",
    "share lines": r"share(?: (?:this|on|via|with|to))?"
    r"(?: (?:this|article|post|page|story|facebook|twitter|x|linkedin|whatsapp|email|friends?)|[ ,|·/&]|and)*[:.!]?"
    r"|tweet(?: this)?|(?:print|email|save) (?:this )?(?:article|page|post|story)\W*"
    r"|(?:分享|转发|轉發)(?:到|至|给|給|本文|文章).{0,30}",
    "copyright lines": r"(?:copyright )?(?:©|\(c\)) ?(?:copyright )?(?:\d{4}|[a-z]).*"
    r"|copyright \d{4}(?!.*\b(?:was|is|will|rose|fell)\b).*"
    r"|.{0,100}\ball rights reserved\W*.{0,40}|(?:版权|版權|著作权|著作權)(?:所有|归|歸).*",
    "menu lines": r"skip to (?:main |the )?(?:content|navigation)\W*|back to top\W*|(?:sign|log) ?(?:in|up|out)\W*"
    r"|toggle navigation\W*|(?:read|see|show) more\W*|advertisement\W*"
    r"|(?:subscribe|unsubscribe)(?: now| here| today| to (?:our|the) .{0,40}| from .{0,60})?\W*"
    r"|(?:related|recommended) (?:articles|posts|stories|reading)\W*"
    r"|(?:home|首页|首頁)\s*[>»›/].{0,120}|(?:返回顶部|返回頂部|上一篇|下一篇|点击订阅|點擊訂閱).{0,30}",
}
_BOILERPLATE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _KINDS.items()}
_NAVIGATION = frozenset(
    "home|about|about us|contact|contact us|login|log in|sign in|sign up|register|subscribe|search|menu|news|careers|"
    "privacy|privacy policy|terms|terms of use|terms of service|cookies|cookie policy|sitemap|help|faq|faqs|rss|"
    "newsletter|support|legal|imprint|accessibility|facebook|twitter|linkedin|youtube|instagram|wechat|weibo|"
    "首页|首頁|关于我们|關於我們|联系我们|聯繫我們|登录|登錄|登入|注册|註冊|搜索|搜尋|隐私政策|隱私政策|网站地图|網站地圖".split("|")
)
_MARK = re.compile(r"^\s*(?:[-*+•]\s+|#{1,6}\s+|>\s*)|\s+$")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_BETWEEN = re.compile(r"\s*[|·•»›]\s*|\s{3,}|\t+")


class Sieve:
    """Says of each line whether it is the document's own, and counts what is not.

    ``sample`` is (the beginning of) the document: it tells which scripts are its own. Latin and Chinese always are.
    """

    def __init__(self, sample: str) -> None:
        sample = sample[:_SAMPLE]
        letters = len(_LETTER.findall(sample))
        counts = {name: len(pattern.findall(sample)) for name, pattern in _OF_SCRIPT.items()}
        self._own = {name for name, count in counts.items() if count >= OWN * max(letters, 1)}
        self._dropped: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def keeps(self, line: str) -> bool:
        """Whether the line belongs to the document."""
        reason = self._reason(line)
        if reason:
            self.drop(reason, line)
        return not reason

    def drop(self, reason: str, text: str) -> None:
        """Count something left out for another reason."""
        self._dropped[reason] += 1
        self._first.setdefault(reason, " ".join(text.split())[:60])

    def warnings(self) -> tuple[str, ...]:
        """One sentence a reason, with a count and the first thing left out."""
        return tuple(f"left out: {reason} ({count}), first: {self._first[reason]!r}" for reason, count in sorted(self._dropped.items()))

    def _reason(self, line: str) -> str:
        if self._foreign(line):
            return "lines in another script"
        bare = _LINK.sub(r"\1", _MARK.sub("", line)).strip(" *_|")
        if not bare or len(bare) > LONGEST:
            return ""
        found = next((name for name, pattern in _BOILERPLATE.items() if pattern.fullmatch(bare)), "")
        return found or ("menu lines" if _is_menu(bare) else "")

    def _foreign(self, line: str) -> bool:
        if not _ANY_SCRIPT.search(line):
            return False
        letters = len(_LETTER.findall(line))
        counts = {name: len(p.findall(line)) for name, p in _OF_SCRIPT.items() if name not in self._own}
        # A formula may hold a few Greek letters and nothing else.
        counts["Greek"] = counts.get("Greek", 0) if counts.get("Greek", 0) > 2 * _FEWEST else 0
        return sum(counts.values()) >= _FEWEST and 2 * sum(counts.values()) > letters


def _is_menu(line: str) -> bool:
    """Three and more short pieces with separators, most of them words of navigation."""
    pieces = [piece.lower() for piece in _BETWEEN.split(line) if piece]
    return len(pieces) >= _PIECES and 2 * sum(piece in _NAVIGATION for piece in pieces) >= len(pieces)
