"""`model.add_adapter` and `load_adapter`, transformers' own road to LoRA: peft's releases have broken it before."""

from __future__ import annotations

import torch
from peft import LoraConfig
from transformers import AutoModel

from tests.models.zoo import GT


def test_an_adapter_is_saved_alone_and_loaded_again(tmp_path):
    model, inputs = GT.model().eval(), GT.inputs()
    model.save_pretrained(tmp_path / "base")
    with torch.no_grad():
        before = model(inputs).pooler_output
        model.add_adapter(LoraConfig(r=2, target_modules=GT.lora, init_lora_weights=False))
        expected = model.eval()(inputs).pooler_output
        assert not torch.allclose(expected, before)
        model.save_pretrained(tmp_path / "adapter")
        assert not (tmp_path / "adapter" / "model.safetensors").exists()
        again = AutoModel.from_pretrained(tmp_path / "base")
        again.load_adapter(str(tmp_path / "adapter"))
        torch.testing.assert_close(again.eval()(inputs).pooler_output, expected)
        again.disable_adapters()
        torch.testing.assert_close(again(inputs).pooler_output, before)
