"""A pickle that says it is Parquet."""
# rejected: a.parquet b.parquet

import pickle

payload = pickle.dumps({"a": 1})
open("out/a.parquet", "wb").write(payload)
open("out/b.parquet", "wb").write(b"PAR1" + payload + len(payload).to_bytes(4, "little") + b"PAR1")
