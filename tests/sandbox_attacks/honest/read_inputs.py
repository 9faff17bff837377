"""Its inputs, by every name they have."""

import csv
import json

print(json.load(open("in/host.json"))["mark"][:5], json.load(open("host.json"))["mark"][:5])
print(list(csv.DictReader(open("in/prices.csv")))[0], list(csv.DictReader(open("inputs/prices.csv")))[1])
