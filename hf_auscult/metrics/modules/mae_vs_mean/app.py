"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [["[2.5, 3.1, 3.9]", "[2.4, 3.0, 4.2]"]]

demo = metric_widget(evaluate.load(str(HERE / "mae_vs_mean.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
