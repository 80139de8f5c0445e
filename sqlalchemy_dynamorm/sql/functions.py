"""The functions that SQLite has, by the names that a text calls them (its documentation, "Built-In Functions")."""

from __future__ import annotations

from typing import Literal as Choice

SCALARS = frozenset(
    "abs ceil ceiling char coalesce concat concat_ws date datetime exp floor format glob hex if ifnull iif instr "
    "json json_array json_array_length json_extract json_object json_patch json_quote json_type json_valid "
    "julianday length like ln log log10 log2 lower ltrim max min mod nullif octet_length pi pow power printf quote "
    "random regexp replace round rtrim sign sqrt strftime substr substring time timediff trim trunc typeof unhex "
    "unicode unixepoch upper zeroblob".split()
)
"""Of one row. What is about the SQLite database itself (load_extension, changes, …) is not among them."""

AGGREGATES = frozenset("avg count group_concat json_group_array json_group_object max min string_agg sum total".split())
"""Of a group of rows, or of a window."""

WINDOWED = frozenset(
    "row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value".split()
)
"""Of a window only."""

_TEXTS = "json json_array json_object json_patch json_quote json_group_array json_group_object".split()
GIVES: dict[str, Choice["same", "number", "truth", "json", ""]] = {
    **dict.fromkeys("abs coalesce ifnull max min nullif sum lag lead first_value last_value nth_value".split(), "same"),
    **dict.fromkeys("count length row_number rank dense_rank ntile instr json_array_length unicode".split(), "number"),
    **dict.fromkeys("glob like regexp json_valid".split(), "truth"),
    **dict.fromkeys(_TEXTS, "json"),
}
"""What a function's values are, where more than SQLite's own types is to be said; see ``nodes.Computed.gives``."""
