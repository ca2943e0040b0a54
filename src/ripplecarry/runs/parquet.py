"""Tables as Parquet files, read within memory bounded by the file's size."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# A column of one repeated value takes no space in a file. Our sparsest tables, curves with twelve metrics
# read at every fiftieth step, have fewer than 4 values per byte.
_MOST_VALUES_PER_BYTE = 16
_MOST_CHARACTERS = 64


def write_table(frame: "pd.DataFrame") -> bytes:
    """The frame as a Parquet file."""
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


def write_columns(columns: Mapping[str, np.ndarray]) -> bytes:
    """A file of the same table as `write_table` of a frame with these columns, without loading pandas."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: _column(values) for name, values in columns.items()})
    content = io.BytesIO()
    parquet.write_table(table, content)
    return content.getvalue()


def _column(values: np.ndarray) -> "pa.Array":
    """Numbers, with NaN as null; `pyarrow.array` says the same and loads pandas for it."""
    import pyarrow as pa

    is_there = np.packbits(~np.isnan(values), bitorder="little")
    buffers = [pa.py_buffer(is_there), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), buffers)


def read_table(content: bytes) -> "pd.DataFrame":
    """The frame in a Parquet file of numbers and short strings.

    Raises:
        ValueError: it is not such a file, or would expand to far more than its own size.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        schema = file.schema_arrow
        words = [field.name for field in schema if field.type in (pa.string(), pa.large_string())]
        for field in schema:
            if field.name not in words and not pa.types.is_primitive(field.type):
                raise ValueError(f"column {field.name} holds {field.type}, neither numbers nor words")
        num_values = file.metadata.num_rows * len(schema)
        if num_values > _MOST_VALUES_PER_BYTE * len(content):
            raise ValueError(f"{num_values} values in {len(content)} bytes are too many")
        table = parquet.read_table(io.BytesIO(content), read_dictionary=words, use_threads=False)
        for name in words:
            _check_words(table.column(name))
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table.column(name).cast(pa.string()))
        return table.to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, OverflowError, TypeError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def _check_words(column: object) -> None:
    for chunk in column.chunks:  # pyrefly: ignore[missing-attribute]
        for word in chunk.dictionary:
            if len(word.as_buffer() or b"") > _MOST_CHARACTERS:
                raise ValueError(f"a word has more than {_MOST_CHARACTERS} characters")
