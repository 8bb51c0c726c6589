"""Front ends as data: what an encoder's log-mel images are made of, with the source of every number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from ..errors import ConfigurationError


@dataclass(frozen=True)
class FrontEnd:
    """A log-mel front end.

    Args:
        name: short name, also the key in `FRONT_ENDS`.
        sampling_rate: rate of the waveforms, in Hz.
        n_fft, win_length, hop_length: sizes of the short-time Fourier transform, in samples.
        n_mels, f_min, f_max: mel bands and their range in Hz.
        kind: `stft`: Hann (periodic) windows and the settings below; `kaldi`: Kaldi's filter bank (pre-emphasis 0.97,
            no DC, symmetric window, natural logarithm of at least float's epsilon, frames within the signal).
        window: of `kaldi`: `hann`, or `povey`, which is Hann's to the power 0.85.
        remove_mean: of `kaldi`: the waveform's mean is taken off before it is cut into frames.
        scale: of `kaldi`: samples are multiplied by it, 32768 for those who read 16-bit integers as such.
        centre: frames are centred on multiples of the hop, with padded ends; else they lie within the signal.
        pad_mode: how the ends are padded for centring, `constant` or `reflect`.
        power: exponent of the magnitude spectrum.
        mel_scale, mel_norm: `slaney` or `htk` scale; `slaney` area normalisation or none.
        mel_triangles: whether the bands' slopes are straight in `hz` (librosa, torchaudio) or in `mel` (VGGish).
        mel_sampling_rate: rate the mel bank is made for, where the original mistakes it; `None` for `sampling_rate`.
        log: `db`: 10 log10 of at least `amin`, less `reference`; `ln`: natural logarithm of the value plus `amin`.
        amin: floor (`db`) or offset (`ln`).
        reference: decibels are relative to each image's `max`imum, or to `one`.
        top_db: decibels kept below each image's maximum; `None` keeps all.
        num_frames: images are padded with zeros at the end, or cut, to this many frames; `None` for neither.
        shortest_frames: fewest frames that the encoder reads.
        normalisation: `minmax` maps each image to [0, 1]; `standard` is (x - mean) / (2 std); `none`.
        mean, std: for `standard`.
        source: where the numbers come from.

    Raises:
        ConfigurationError: sizes that contradict each other.

    Example:
        >>> FRONT_ENDS["opera"].frames(130_880)
        256
    """

    name: str
    sampling_rate: int
    n_fft: int
    win_length: int
    hop_length: int
    n_mels: int
    f_min: float
    f_max: float
    kind: Literal["stft", "kaldi"] = "stft"
    window: Literal["hann", "povey"] = "hann"
    remove_mean: bool = True
    scale: float = 1.0
    centre: bool = True
    pad_mode: Literal["constant", "reflect"] = "constant"
    power: float = 2.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney"] | None = "slaney"
    mel_triangles: Literal["hz", "mel"] = "hz"
    mel_sampling_rate: int | None = None
    log: Literal["db", "ln"] = "db"
    amin: float = 1e-10
    reference: Literal["max", "one"] = "max"
    top_db: float | None = 80.0
    num_frames: int | None = None
    shortest_frames: int = 1
    normalisation: Literal["minmax", "standard", "none"] = "minmax"
    mean: float = 0.0
    std: float = 0.5
    source: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.f_min < self.f_max <= self.sampling_rate / 2:
            raise ConfigurationError(
                f"mel range {self.f_min}-{self.f_max} Hz does not fit {self.sampling_rate} Hz audio",
                where=f"front end {self.name}",
                remedy=f"keep 0 <= f_min < f_max <= {self.sampling_rate / 2:g}",
            )
        if not 0 < self.win_length <= self.n_fft or self.hop_length < 1 or self.n_mels < 1:
            raise ConfigurationError(
                f"win_length {self.win_length}, n_fft {self.n_fft}, hop_length {self.hop_length}, n_mels {self.n_mels}",
                where=f"front end {self.name}",
                remedy="keep 0 < win_length <= n_fft and the others positive",
            )
        if self.kind == "kaldi" and self.centre:
            raise ConfigurationError(
                "Kaldi's frames are not centred", where=f"front end {self.name}", remedy="centre=False"
            )

    @property
    def minimum_samples(self) -> int:
        """Shortest waveform, in samples, that gives `shortest_frames` frames."""
        if self.centre:
            return self.n_fft // 2 + 1 if self.pad_mode == "reflect" else 1
        return self.samples(self.shortest_frames)

    def frames(self, samples: int) -> int:
        """Return how many frames a waveform of `samples` samples gives."""
        if self.num_frames is not None:
            return self.num_frames
        return 1 + (samples if self.centre else samples - self.win_length) // self.hop_length

    def samples(self, frames: int) -> int:
        """Return the shortest waveform, in samples, that fills `frames` frames."""
        return (frames - 1) * self.hop_length + (0 if self.centre else self.win_length)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able mapping."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FrontEnd:
        """Rebuild from `to_dict`; unknown keys are refused."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ConfigurationError(f"unknown keys {unknown}", where="front end", remedy="remove them")
        return cls(**values)

    @classmethod
    def of(cls, value: FrontEnd | str | Mapping[str, Any]) -> FrontEnd:
        """Return a front end from itself, its name in `FRONT_ENDS` or its mapping."""
        if isinstance(value, FrontEnd):
            return value
        if isinstance(value, Mapping):
            return cls.from_dict(value)
        if value not in FRONT_ENDS:
            raise ConfigurationError(f"unknown front end {value!r}", remedy=f"use one of {sorted(FRONT_ENDS)}")
        return FRONT_ENDS[value]


OPERA = FrontEnd(
    name="opera",
    sampling_rate=16_000,
    n_fft=1024,
    win_length=1024,
    hop_length=512,
    n_mels=64,
    f_min=50,
    f_max=8000,
    source="OPERA (arXiv:2406.16148), pre_process_audio_mel_t as every caller uses it; also AcuLa and AuscultaBase",
)

# Bands and rates that fit the organ: body sounds fill little of a 16 kHz spectrum.
HEART = FrontEnd(
    name="heart",
    sampling_rate=4_000,
    n_fft=256,
    win_length=200,
    hop_length=80,
    n_mels=64,
    f_min=25,
    f_max=1000,
    source="organ-matched front end: 4 kHz, 25-1000 Hz, 50 ms windows every 20 ms",
)

LUNG = FrontEnd(
    name="lung",
    sampling_rate=8_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=64,
    f_min=60,
    f_max=2000,
    source="organ-matched front end: 8 kHz, 60-2000 Hz, 50 ms windows every 20 ms",
)

BODY = replace(
    HEART,
    name="body",
    f_max=2000,
    source="one front end for heart and lungs: 4 kHz, 25-2000 Hz, 50 ms windows every 20 ms",
)

AUDIOMAE = FrontEnd(
    name="audiomae",
    sampling_rate=16_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=20,
    f_max=8000,
    kind="kaldi",
    centre=False,
    log="ln",
    top_db=None,
    num_frames=1024,
    normalisation="standard",
    mean=-4.2677393,
    std=4.5689974,
    source="AudioMAE (arXiv:2207.06405), dataset.py: padded with zeros first, then normalised",
)

AUDIOMAE_RAW = replace(
    AUDIOMAE,
    name="audiomae-raw",
    normalisation="none",
    source="AudioMAE as OPERA and AuscultaBase use it: the filter bank is not normalised",
)

BEATS = FrontEnd(
    name="beats",
    sampling_rate=16_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=128,
    f_min=20,
    f_max=8000,
    kind="kaldi",
    window="povey",
    remove_mean=False,
    scale=32_768.0,
    centre=False,
    log="ln",
    top_db=None,
    shortest_frames=16,
    normalisation="standard",
    mean=15.41663,
    std=6.55582,
    source="BEATs (arXiv:2212.09058), BEATs.py preprocess",
)

PANNS = FrontEnd(
    name="panns",
    sampling_rate=32_000,
    n_fft=1024,
    win_length=1024,
    hop_length=320,
    n_mels=64,
    f_min=50,
    f_max=14_000,
    pad_mode="reflect",
    reference="one",
    top_db=None,
    normalisation="none",
    source="PANNs (arXiv:1912.10211), pytorch/models.py",
)

MSCLAP_2022 = replace(
    PANNS,
    name="msclap-2022",
    sampling_rate=44_100,
    source="MS-CLAP 2022 (arXiv:2206.04769), config_2022.yml and audio.py",
)

MSCLAP_2023 = replace(
    PANNS,
    name="msclap-2023",
    sampling_rate=44_100,
    mel_sampling_rate=32_000,
    source="MS-CLAP 2023 (arXiv:2309.05767), htsat.py: a filter bank for 32 kHz over audio of 44.1 kHz",
)

VGGISH = FrontEnd(
    name="vggish",
    sampling_rate=16_000,
    n_fft=512,
    win_length=400,
    hop_length=160,
    n_mels=64,
    f_min=125,
    f_max=7500,
    centre=False,
    power=1.0,
    mel_scale="htk",
    mel_norm=None,
    mel_triangles="mel",
    log="ln",
    amin=0.01,
    top_db=None,
    normalisation="none",
    source="VGGish (arXiv:1609.09430), torchvggish mel_features.py",
)

FRONT_ENDS: dict[str, FrontEnd] = {
    spec.name: spec
    for spec in (OPERA, HEART, LUNG, BODY, AUDIOMAE, AUDIOMAE_RAW, BEATS, PANNS, MSCLAP_2022, MSCLAP_2023, VGGISH)
}


def register_front_end(spec: FrontEnd) -> FrontEnd:
    """Make a front end known by its name, to extractors, configurations and the command line.

    A saved extractor carries the whole front end, so whoever loads it need not register anything.

    Returns:
        The front end.

    Raises:
        ConfigurationError: another front end has that name.

    Example:
        >>> register_front_end(replace(FRONT_ENDS["heart"], name="foetal", f_max=600, source="our own")).name
        'foetal'
    """
    if FRONT_ENDS.setdefault(spec.name, spec) != spec:
        raise ConfigurationError(f"{spec.name!r} is another front end", remedy="give it a name of its own")
    return spec
