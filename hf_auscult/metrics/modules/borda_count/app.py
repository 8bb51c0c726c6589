"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [["[[0.9, 0.8, 0.8], [0.7, 0.9, 0.6]]", '["T1", "T2"]']]

demo = metric_widget(evaluate.load(str(HERE / "borda_count.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
