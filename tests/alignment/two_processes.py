"""Run by test_teacher_processes.py under torchrun: both processes ask one teacher for the same texts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from accelerate import PartialState

from hf_auscult.alignment.teachers import Teacher, TeacherConfig
from tests.alignment.test_teacher_processes import TEXTS, keep_account


def main(model: str, output: Path) -> None:
    state = PartialState(cpu=True)
    seen = keep_account()
    teacher = Teacher(TeacherConfig(model), cache=output / "cache", batch_size=4)
    vectors = teacher.embed(TEXTS, together=True)
    first = teacher.texts_read
    teacher.embed(TEXTS[::-1], together=True)
    found = {"processes": state.num_processes, "read": first, "again": teacher.texts_read - first, "rows": seen}
    (output / f"{state.process_index}.json").write_text(json.dumps(found))
    np.save(output / f"{state.process_index}.npy", vectors)
    state.wait_for_everyone()
    state.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
