"""DuckDB over Parquet, to pandas, to Parquet."""
# returns: means.parquet

import duckdb

duckdb.sql("COPY (SELECT range AS x, range % 7 AS y FROM range(50_000)) TO 'own.parquet'")
frame = duckdb.sql("SELECT y, avg(x) AS mean FROM 'own.parquet' GROUP BY y ORDER BY y").df()
print(len(frame), round(frame["mean"].mean(), 2))
frame.to_parquet("out/means.parquet")
