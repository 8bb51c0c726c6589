"""AuscultaBase (arXiv:2411.07547): an HTS-AT encoder of heart, lung and bowel sounds."""

from .configuration_auscultabase import AuscultaBaseConfig

__all__ = ["AuscultaBaseConfig"]
