"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [['["Abnormal", "Normal", "Normal"]', '["Abnormal", "Abnormal", "Normal"]']]

demo = metric_widget(evaluate.load(str(HERE / "physionet2022.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
