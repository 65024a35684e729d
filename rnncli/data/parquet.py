"""Tables of Parquet, by the extra ``parquet``: a column of results is added, one group of rows after another."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rnncli.errors import DataError, FileError, UsageError
from rnncli.spec import suggestion

BEGINNING = b"PAR1"


def is_parquet(path: Path) -> bool:
    """Whether a file begins as such a table does; a file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(BEGINNING)) == BEGINNING
    except OSError:
        return False


class Table:
    """A file whose groups of rows are read one at a time.

    field  the column with the text; ``a.b`` is the field b of the column a, if there is no column ``a.b``
    added  the column that is added, which the file may not have
    """

    def __init__(self, file: Any, path: Path, field: str, added: str) -> None:
        self._file = file
        self._name = str(path)
        self._added = added
        self.groups: int = file.num_row_groups
        names = file.schema_arrow.names
        self._path = [field] if field in names else field.split(".")
        if not field:
            hint = f"give --text-field; its columns: {', '.join(names)}"
            raise UsageError(
                "a Parquet table needs the name of the column with the text", where=str(path), hint=hint
            )
        if self._path[0] not in names:
            raise DataError(f"there is no column {field}", where=str(path), hint=suggestion(field, names))
        if added in names:
            hint = "name another by --result-field"
            raise DataError(f"there is a column {added} already", where=str(path), hint=hint)

    def texts(self, group: int) -> Iterator[str | None]:
        """The texts of a group of rows; ``None`` where there is none."""
        import pyarrow.compute as pc
        from pyarrow import ArrowException, types

        with _errors(self._name):
            column = self._file.read_row_group(group, columns=[self._path[0]]).column(self._path[0])
            for name in self._path[1:]:
                try:
                    column = pc.struct_field(column, name)
                except ArrowException as error:
                    raise DataError(f"there is no column {'.'.join(self._path)}", where=self._name) from error
        kind = column.type.value_type if types.is_dictionary(column.type) else column.type
        if not any(is_text(kind) for is_text in (types.is_string, types.is_large_string, types.is_string_view)):
            raise DataError(f"the column {'.'.join(self._path)} holds no texts", where=self._name)
        for chunk in column.chunks:
            for start in range(0, len(chunk), 1024):
                yield from chunk.slice(start, 1024).to_pylist()

    def write(self, results: Iterable[Any], out: IO[bytes]) -> None:
        """Write the table with a column of results, an array for each group of rows.

        The schema, its metadata and the sizes of the groups stay. All columns are packed as the first one was.
        """
        import pyarrow.parquet as pq

        metadata = self._file.metadata
        codec = metadata.row_group(0).column(0).compression if self.groups and metadata.num_columns else "snappy"
        schema = self._file.schema_arrow
        schema = schema.append(_field(self._added))
        with pq.ParquetWriter(
            _Sink(out), schema, compression=codec.lower().replace("uncompressed", "none")
        ) as writer:
            for group, result in enumerate(results):
                with _errors(self._name):
                    table = self._file.read_row_group(group)
                table = table.append_column(_field(self._added), result).combine_chunks()
                writer.write_table(table, row_group_size=max(1, len(table)))


@contextmanager
def opened(path: Path, field: str, added: str) -> Iterator[Table]:
    """Open a table, or raise an error: of usage without the extra, of data if it is damaged."""
    check(str(path))
    import pyarrow.parquet as pq

    with _errors(str(path)):
        file = pq.ParquetFile(str(path), memory_map=False, pre_buffer=False)
    with file:
        yield Table(file, path, field, added)


def check(name: str) -> None:
    """Raise :class:`.UsageError` without the extra."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        hint = 'pip install "rnncli[parquet]", or write it as JSON Lines'
        raise UsageError("Parquet tables need the extra parquet", where=name, hint=hint) from error


def array(rows: list[list[dict[str, Any]] | None]) -> Any:
    """Results as an array of Arrow: the spans of each text."""
    import pyarrow as pa

    return pa.array(rows, _type())


def write_arrays(arrays: Iterable[Any], out: IO[bytes]) -> None:
    """Write arrays for :func:`read_arrays`."""
    import pyarrow as pa

    schema = pa.schema([_field("result")])
    with pa.ipc.new_stream(_Sink(out), schema) as stream:
        for rows in arrays:
            stream.write_batch(pa.record_batch([rows], schema=schema))


def read_arrays(file: IO[bytes]) -> Iterator[Any]:
    """Read what :func:`write_arrays` wrote."""
    import pyarrow as pa

    with pa.ipc.open_stream(file) as stream:
        for batch in stream:
            yield batch.column(0)


def _type() -> Any:
    import pyarrow as pa

    numbers = [("start", pa.int64()), ("end", pa.int64())]
    return pa.list_(
        pa.struct([("text", pa.string()), *numbers, ("tag", pa.string()), ("probability", pa.float64())])
    )


def _field(name: str) -> Any:
    import pyarrow as pa

    return pa.field(name, _type())


class _Sink:
    """A file that counts its bytes, which pyarrow asks for."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = 0

    def write(self, data: Any) -> int:
        self._size += len(data)
        self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Who opened the file closes it."""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readable(self) -> bool:
        return False


@contextmanager
def _errors(name: str) -> Iterator[None]:
    """Turn what pyarrow raises while it reads into our errors."""
    from pyarrow import ArrowException

    try:
        yield
    except FileNotFoundError as error:
        raise FileError("no such file", where=name) from error
    except (ArrowException, EOFError) as error:
        message = "the Parquet table is damaged, or of a kind that cannot be read"
        raise DataError(f"{message}: {str(error).splitlines()[0]}", where=name) from error
    except OSError as error:  # pyarrow raises it for damaged data too
        if error.errno is None:
            message = "the Parquet table is damaged, or cut off"
            raise DataError(message, where=name, hint="copy or fetch it again") from error
        raise FileError(error.strerror or str(error), where=name) from error
