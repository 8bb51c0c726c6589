"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [["[1, 2, 5, 4, 6, 7]", "[0, 0, 0, 1, 1, 1]", '["a", "b", "c", "d", "e", "f"]']]

demo = metric_widget(evaluate.load(str(HERE / "auroc_ci.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
