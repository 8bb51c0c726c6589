"""The Space's page; started by Hugging Face as ``python app.py`` inside the folder."""

from __future__ import annotations

from pathlib import Path

import evaluate

from hf_auscult.metrics.widget import metric_widget

HERE = Path(__file__).parent
EXAMPLES = [['["normal", "wheeze", "crackle", "crackle"]', '["normal", "normal", "crackle", "wheeze"]']]

demo = metric_widget(evaluate.load(str(HERE / "icbhi_score.py")), EXAMPLES, HERE / "README.md")

if __name__ == "__main__":
    demo.launch()
