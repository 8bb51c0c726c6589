from __future__ import annotations

from pathlib import Path

import pytest

from hf_auscult.data.tabular import number, read_csv, sex, years
from hf_auscult.errors import DataError


def test_blanks_around_names_and_a_byte_order_mark_are_dropped(tmp_path: Path):
    file = tmp_path / "t.csv"
    file.write_bytes("\ufeffFILENAME, QUALITY\r\na,2\r\n\r\n".encode())
    assert read_csv(file, ("FILENAME", "QUALITY")) == [{"FILENAME": "a", "QUALITY": "2"}]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "missing"),
        (b"b\n1\n", r"columns \['a'\] are missing"),
        (b"a,b\n1\n", "line 2 has 1 cells"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 cells"),
        (b"a,b\n\xff,2\n", "not text in UTF-8"),
    ],
)
def test_damaged_tables_name_the_file_and_the_line(tmp_path: Path, content: bytes, reason: str):
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=reason) as error:
        read_csv(file, ("a",))
    assert str(file) in str(error.value)


def test_an_absent_table_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"absent\.csv: the table is missing"):
        read_csv(tmp_path / "absent.csv", ())


def test_cells():
    assert (number("0.5", "x"), number("", "x"), number("NaN", "x")) == (0.5, None, None)
    for wrong in ("half", "inf"):
        with pytest.raises(DataError, match=f"x '{wrong}'"):
            number(wrong, "x")
    assert [years(cell) for cell in ("15", "34.5", "0", "-1", "130", "18-44", "")] == [
        15,
        34.5,
        0,
        None,
        None,
        None,
        None,
    ]
    assert [sex(cell) for cell in ("Female", " male ", "other", "pnts", "", None)] == ["female", "male"] + [None] * 4
