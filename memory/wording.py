"""The words of a question that search: without those that speak of asking and answering, and with what accounts' short forms stand for.

Ten sentences on how to round an answer name no passage; in a large desk their words are rare and would count most.
The short forms are those of the statements that every filing has and the lines that its ratios are made of, no list of concepts.
"""

from functools import cache

from memory.text import tokens

_ASKING = (
    "answer answers answering question questions respond response responding reply give given giving tell please calculate "
    "calculated calculating compute computing round rounded decimal places units unit express expressed state explain explaining "
    "why reason rely relying detail details show shown clearly plainly base basing based judgment judgments judgement primarily "
    "provided provide information define defined assume assuming assumption perspective analyst draw drawing conclusion "
    "conclusions utilize utilizing using use address adopting point view available only solely extract outline outlined asked "
    "approximation reasonable exact possible useful relevant metric metrics like such e.g etc brief briefly describe mention "
    "mentioned according following compare compared much many within fy usd end"
)
_ACCOUNTS = {
    "capex": "capital expenditures purchases property plant equipment",
    "ppe": "property plant equipment",
    "ppne": "property plant equipment",
    "cogs": "cost goods sold sales revenue",
    "ebit": "operating income",
    "ebitda": "operating income depreciation amortization",
    "eps": "earnings per share diluted",
    "dpo": "accounts payable cost sales inventories",
    "dso": "accounts receivable revenue",
    "fcf": "operating activities capital expenditures",
    "sga": "selling general administrative",
    "opex": "operating expenses",
    "pnl": "consolidated statements income operations earnings",
    "m&a": "acquisitions divestitures",
    "d&a": "depreciation amortization",
    "r&d": "research development",
    "p&l": "consolidated statements income operations earnings",
    "pp&e": "property plant equipment",
    "pp&ne": "property plant equipment",
    "sg&a": "selling general administrative",
    "balance sheet": "consolidated balance sheets",
    "financial position": "consolidated balance sheets",
    "income statement": "consolidated statements income operations earnings",
    "statement of income": "consolidated statements income operations earnings",
    "statement of operations": "consolidated statements income operations earnings",
    "cash flow statement": "consolidated statements cash flows",
    "statement of cash flows": "consolidated statements cash flows",
    "gross margin": "cost sales revenue gross profit consolidated statements income operations earnings",
    "operating margin": "operating income revenue consolidated statements income operations earnings",
    "effective tax rate": "provision income taxes before",
    "quick ratio": "total current assets liabilities consolidated balance sheets",
    "current ratio": "total current assets liabilities consolidated balance sheets",
    "working capital": "total current assets liabilities consolidated balance sheets",
    "inventory turnover": "inventories cost sales consolidated balance sheets",
    "cash conversion cycle": "inventories accounts receivable payable cost sales revenue consolidated balance sheets",
    "return on assets": "net income total assets consolidated balance sheets",
    "roa": "net income total assets consolidated balance sheets",
    "asset turnover": "revenue total assets consolidated balance sheets",
    "capital intensive": "capital expenditures property plant equipment total assets",
    "capital-intensive": "capital expenditures property plant equipment total assets",
    "interest coverage": "operating income interest expense",
}


def searched(wording: str, *, only: bool = False) -> list[str]:
    """The distinct search tokens of a wording; what it says of asking is left out, with ``only`` even when there is nothing else."""
    found = list(dict.fromkeys(tokens(wording)))
    plain = f" {' '.join(wording.lower().split())} "
    telling = [token for token in found if token not in _asking()]
    telling = telling if telling or only else found
    if not plain.isascii():
        return telling
    more = [token for short, meaning in _ACCOUNTS.items() if short in plain and _stands(short, plain) for token in tokens(meaning)]
    return list(dict.fromkeys([*telling, *more]))


def _stands(short: str, plain: str) -> bool:
    at = plain.find(short)
    return not plain[at - 1].isalnum() and not plain[at + len(short)].isalnum()


@cache
def _asking() -> frozenset[str]:
    return frozenset(tokens(_ASKING))
