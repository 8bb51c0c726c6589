"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [["[[1, 0], [0, 1], [7, 7], [1, 3], [5, 9]]", "[[1, 0], [0, 1], [-10, 5], [2, 2], [3, 11]]"]]

demo = metric_widget(evaluate.load(str(HERE / "debiased_cka.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
