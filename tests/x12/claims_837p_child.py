"""Reads 837Ps with linuxforhealth-x12, in an environment of its own: claims_837p_child.py FILE, a JSON list of texts.

Prints each one's model as a line of JSON.
"""

import json
import sys
from pathlib import Path

from linuxforhealth.x12.io import X12ModelReader

for text in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
    with X12ModelReader(text) as reader:
        (model,) = list(reader.models())
    print(json.dumps(json.loads(model.json())))
