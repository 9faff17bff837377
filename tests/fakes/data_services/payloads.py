"""Small answers in the shapes that each service documents; the values are of the real series, shortened."""

import io
import json
from functools import cache


def fred_series(query, _):
    if query.get("series_id") == "NOPE":
        return 400, {"error_code": 400, "error_message": "Bad Request.  The series does not exist."}
    return 200, {
        "realtime_start": "2026-08-20", "realtime_end": "2026-08-20",
        "seriess": [{
            "id": "CPIAUCNS", "realtime_start": "2026-08-20", "realtime_end": "2026-08-20",
            "title": "Consumer Price Index for All Urban Consumers: All Items in U.S. City Average", "frequency": "Monthly",
            "frequency_short": "M", "units": "Index 1982-1984=100", "units_short": "Index 1982-1984=100",
            "seasonal_adjustment_short": "NSA", "last_updated": "2026-08-12 07:35:02-05", "notes": "The Bureau of Labor Statistics …",
        }],
    }  # fmt: skip


def fred_observations(query, _):
    if query.get("series_id") == "DGS10" and "realtime_start" in query:
        return 400, {"error_code": 400, "error_message": "Bad Request.  There are 15923 vintage dates; the limit is 2000."}
    vintages = [
        ("2026-01-14", "2026-02-12", "2025-12-01", "324.054"), ("2026-02-13", "2026-03-10", "2025-12-01", "324.060"),
        ("2026-02-13", "9999-12-31", "2026-01-01", "325.252"), ("2026-03-11", "9999-12-31", "2025-12-01", "324.054"),
        ("2025-11-13", "9999-12-31", "2025-10-01", "."),
    ]  # fmt: skip
    rows = [{"realtime_start": a, "realtime_end": b, "date": c, "value": d} for a, b, c, d in vintages]
    return 200, {"units": "lin", "output_type": 1, "file_type": "json", "count": len(rows), "offset": 0, "observations": rows}


def wdi(_, path):
    if "NOPE" in path:
        message = {"id": "120", "key": "Invalid value", "value": "The provided parameter value is not valid"}
        return 200, [{"message": [message]}]
    rows = [
        {"indicator": {"id": "NY.GDP.MKTP.CD", "value": "GDP (current US$)"}, "country": {"id": "US", "value": "United States"},
         "countryiso3code": "USA", "date": year, "value": value, "unit": "", "obs_status": "", "decimal": 0}
        for year, value in (("2025", None), ("2024", 29184890000000), ("2023", 27720709000000), ("2022", 26006893000000))
    ]  # fmt: skip
    return 200, [{"page": 1, "pages": 1, "per_page": 1000, "total": 4, "sourceid": "2", "lastupdated": "2026-07-01"}, rows]


@cache
def pink_sheet_book():
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "AFOSHEET"
    sheet = book.create_sheet("Monthly Prices")
    for row in (
        ["World Bank Commodity Price Data (The Pink Sheet)"],
        ["monthly prices in nominal US dollars, 1960 to present"],
        ["(monthly series are available only in nominal US dollar terms)"],
        ["Updated on July 02, 2026"],
        [None, "Crude oil, WTI", "Gold", "Platinum", "Silver **"],
        [None, "($/bbl)", "($/troy oz)", "($/troy oz)", "($/troy oz)"],
        ["2026M03", 91.4, 4501, 1900, 74.1],
        ["2026M04", 101.2, 4721, 1930, 75.9],
        ["2026M05", 89.7, 4587, "…", 78.0],
        ["2026M06", 81.9, 4228, 1875, 66.7],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def pink_sheet(_, __):
    return 200, pink_sheet_book()


def eia(query, _):
    periods = [("2026-08-18", "86.48"), ("2026-08-17", "86.04"), ("2026-08-14", "83.99"), ("2020-04-20", "-36.98")]
    offset = int(query.get("offset", 0))
    rows = [
        {"period": day, "duoarea": "YCUOK", "product": "EPCWTI", "series": "RWTC",
         "series-description": "Cushing, OK WTI Spot Price FOB (Dollars per Barrel)", "value": value, "units": "$/BBL"}
        for day, value in periods[offset : offset + 3]
    ]  # fmt: skip
    return 200, {"response": {"total": "4", "dateFormat": "YYYY-MM-DD", "frequency": "daily", "data": rows}, "apiVersion": "2.1.8"}


def edgar(_, path):
    if "Nope" in path:
        return 404, b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>"
    rows = [
        {"start": "2025-07-01", "end": "2025-09-30", "val": 1364700000, "accn": "0001-25-000101", "fy": 2025, "fp": "Q3", "form": "10-Q", "filed": "2025-11-12"},
        {"start": "2025-01-01", "end": "2025-09-30", "val": 3558000000, "accn": "0001-25-000101", "fy": 2025, "fp": "Q3", "form": "10-Q", "filed": "2025-11-12"},
        {"start": "2025-04-01", "end": "2025-06-30", "val": 1212800000, "accn": "0001-25-000077", "fy": 2025, "fp": "Q2", "form": "10-Q", "filed": "2025-08-13"},
        {"start": "2025-07-01", "end": "2025-09-30", "val": 1364900000, "accn": "0001-26-000210", "fy": 2026, "fp": "Q3", "form": "10-Q/A", "filed": "2026-02-20"},
        {"start": "2025-04-01", "end": "2025-06-30", "val": 1212800000, "accn": "0001-26-000300", "fy": 2026, "fp": "Q2", "form": "10-Q", "filed": "2026-08-12"},
    ]  # fmt: skip
    return 200, {
        "cik": 1769628,
        "taxonomy": "us-gaap",
        "tag": "Revenues",
        "label": "Revenues",
        "entityName": "A GPU Cloud, Inc.",
        "units": {"USD": rows},
    }


def cot(_, __):
    rows = [
        {"id": "260106084691F", "market_and_exchange_names": "SILVER - COMMODITY EXCHANGE INC.", "report_date_as_yyyy_mm_dd": f"{day}T00:00:00.000",
         "cftc_contract_market_code": "084691", "open_interest_all": "152345", "noncomm_positions_long_all": long, "noncomm_positions_short_all": short,
         "comm_positions_long_all": "30000", "comm_positions_short_all": "88000"}
        for day, long, short in (("2025-12-30", "46211", "16200"), ("2026-01-06", "45010", "15730"), ("2026-01-13", "47300", "15200"))
    ]  # fmt: skip
    return 200, rows


def treasury(_, path):
    year = path.split("/")[-2]
    rows = {"2025": ["12/31/2025,3.65,3.62,3.55,3.48,3.73,4.18,4.84"], "2026": ["01/05/2026,3.63,3.60,3.50,3.46,3.72,4.17,4.85",
            "01/02/2026,3.64,3.61,3.52,3.47,3.74,4.19,4.86"]}.get(year, [])  # fmt: skip
    return 200, "\n".join(['Date,"1 Mo","3 Mo","6 Mo","1 Yr","5 Yr","10 Yr","30 Yr"', *rows]).encode()


def bls(_, __):
    months = [("2025", "M13", "322.0", {}), ("2025", "M12", "324.054", {}), ("2025", "M11", "324.122", {}),
              ("2025", "M10", "-", {"code": "X", "text": "Data unavailable due to the 2025 lapse in appropriations"}),
              ("2025", "M09", "324.800", {})]  # fmt: skip
    rows = [{"year": y, "period": p, "periodName": p, "value": v, "footnotes": [note]} for y, p, v, note in months]
    series = [{"seriesID": "CUUR0000SA0", "data": rows}]
    return 200, {"status": "REQUEST_SUCCEEDED", "responseTime": 140, "message": [], "Results": {"series": series}}


def polymarket_question(query, _):
    if query.get("slug") != "us-shutdown":
        return 200, []
    return 200, [{
        "id": "516710", "question": "US government shutdown by January 31?", "conditionId": "0xabc", "slug": "us-shutdown",
        "endDate": "2026-01-31T12:00:00Z", "outcomes": json.dumps(["Yes", "No"]), "outcomePrices": json.dumps(["0.25", "0.75"]),
        "clobTokenIds": json.dumps(["111", "222"]), "active": True, "closed": False, "volume": "1520000.5",
    }]  # fmt: skip


def polymarket_history(query, _):
    yes = [(1767830400, 0.30), (1767916800, 0.27), (1767950000, 0.25), (1768003200, 0.22)]
    rows = [{"t": at, "p": price if query.get("market") == "111" else round(1 - price, 2)} for at, price in yes]
    return 200, {"history": rows}


def metaculus(_, path):
    kind = "numeric" if "/999/" in path else "binary"
    history = [
        {"start_time": at, "end_time": at + 3600, "means": None, "centers": [p], "interval_lower_bounds": [p - 0.1],
         "interval_upper_bounds": [p + 0.1], "forecaster_count": 41}
        for at, p in ((1767830400.0, 0.31), (1767860000.0, 0.29), (1767916800.0, 0.24))
    ]  # fmt: skip
    question = {
        "id": 40001, "type": kind, "status": "open", "resolution": None,
        "aggregations": {"recency_weighted": {"history": history, "latest": history[-1]}, "unweighted": {"history": [], "latest": None}},
    }  # fmt: skip
    return 200, {"id": 41234, "title": "Will the US government shut down before February 2026?", "question": question}


def stooq(query, _):
    if query.get("s") == "nope.us":
        return 200, b"No data"
    if query.get("s") == "limit.us":
        return 200, b"Exceeded the daily hits limit"
    return 200, b"Date,Open,High,Low,Close,Volume\n2026-01-05,68.1,69.9,67.8,69.45,31000000\n2026-01-06,69.8,72.4,69.5,72.02,42000000\n"


ROUTES = {
    "/fred/series": fred_series,
    "/fred/series/observations": fred_observations,
    "/wdi/country/": wdi,
    "/pink_sheet": pink_sheet,
    "/eia/seriesid/": eia,
    "/edgar/api/xbrl/companyconcept/": edgar,
    "/cot/resource/6dca-aqww.json": cot,
    "/treasury/": treasury,
    "/bls/timeseries/data/": bls,
    "/polymarket/markets": polymarket_question,
    "/polymarket/prices-history": polymarket_history,
    "/metaculus/posts/": metaculus,
    "/stooq/q/d/l/": stooq,
}
