"""What a crop of a mel image goes through before the network learns from it.

Every step is something that happens to music without changing its genre: another
tempo or key, an equaliser, a lossy codec or a low sampling rate, a noisy room.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch

import networks

BANDS = networks.MEL_BANDS
# the lowest cutoff of the random low-pass: 3.9 kHz
LOWPASS_BAND = 88
# Slaney's mel scale: linear to 1 kHz, logarithmic above (librosa's default)
_LINEAR, _KNEE, _LOG_STEP = 200 / 3, 15.0, np.log(6.4) / 27


@dataclass
class Strength:
    """How much crops vary."""
    tempo: float = 0.1      # how much faster or slower, a fraction
    pitch: float = 1.0      # how much higher or lower, semitones
    tilt: float = 4.0       # standard deviation of the spectral tilt, dB
    lowpass: float = 0.75   # share of crops that lose their highest bands
    noise: float = 0.3      # share of crops in steady noise
    band_mask: int = 16     # widest band mask
    frame_mask: int = 12    # widest frame mask

    def scaled(self, factor):
        return Strength(**{k: type(v)(round(v * factor, 6))
                           for k, v in vars(self).items()})


def strength_of(args):
    """That of the options of the same names."""
    return Strength(**{field.name: getattr(args, field.name)
                       for field in fields(Strength)})


def _mel_of_hz(hz):
    return np.where(hz < 1000, hz / _LINEAR,
                    _KNEE + np.log(np.maximum(hz, 1e-9) / 1000) / _LOG_STEP)


def _hz_of_mel(mel):
    return np.where(mel < _KNEE, mel * _LINEAR,
                    1000 * np.exp((mel - _KNEE) * _LOG_STEP))


# of the bands' filters, Hz
CENTRES = _hz_of_mel(np.arange(1, BANDS + 1) * _mel_of_hz(11025.0)
                     / (BANDS + 1))


def band_of_hz(hz):
    """The band, a fraction, whose filter has its centre there."""
    return _mel_of_hz(hz) * (BANDS + 1) / _mel_of_hz(11025.0) - 1


def _crops(x, crop, tempo, rng):
    """Random crops of uint8 [batch][frames][bands], as decibels, each played
    up to `tempo` (a fraction) faster or slower.  Columns are repeated or left
    out: between two of them lies nothing that an image would have."""
    batch, frames, _ = x.shape
    speed = np.minimum(np.exp(rng.uniform(-1, 1, batch) * np.log1p(tempo)),
                       (frames - 1) / max(crop - 1, 1))
    start = rng.uniform(0, 1, batch) * (frames - 1 - (crop - 1) * speed)
    at = np.rint(start[:, None] + np.arange(crop) * speed[:, None]).astype(int)
    return torch.from_numpy(
        x[np.arange(batch)[:, None], at]).float() * (80 / 255) - 80


def _shift_pitch(db, semitones, rng):
    batch, crop, bands = db.shape
    ratio = 2 ** (rng.uniform(-1, 1, (batch, 1)) * semitones / 12)
    at = np.rint(np.clip(band_of_hz(CENTRES * ratio), 0, bands - 1))
    at = torch.from_numpy(at.astype(int))[:, None]
    return db.gather(2, at.expand(batch, crop, bands))


def _equalise(db, deviation, rng):
    """A random tilt, and half as much of a random bend."""
    batch, _, bands = db.shape
    line = torch.linspace(-1, 1, bands)
    tilt, bend = torch.from_numpy(
        np.float32(rng.normal(0, deviation, (2, batch, 1, 1))))
    return db + tilt * line + bend / 2 * (1.5 * line ** 2 - 0.5)


def _low_pass(db, share, rng):
    """The anti-aliasing filter of the recordings trained on should not be what
    the network listens to."""
    batch, _, bands = db.shape
    for i in np.flatnonzero(rng.random(batch) < share):
        cutoff = int(rng.integers(LOWPASS_BAND, bands))
        slope = rng.uniform(1, 40)      # dB a band
        db[i, :, cutoff:] -= slope * torch.arange(1, bands - cutoff + 1)


def _add_noise(db, share, rng):
    """Steady noise 15 to 50 dB below the loudest value, white to red: on this
    scale (area-normalised filters) pink falls 10 dB a decade of Hz."""
    batch, crop, bands = db.shape
    decades = torch.from_numpy(np.float32(np.log10(CENTRES / 1000)))
    for i in np.flatnonzero(rng.random(batch) < share):
        level = float(db[i].max()) - rng.uniform(15, 50)
        floor = level - rng.uniform(0, 20) * decades
        jitter = torch.from_numpy(
            rng.standard_normal((crop, bands), np.float32)) * 2.5
        db[i] = torch.maximum(db[i], floor + jitter)


def _mask(z, band_mask, frame_mask, rng):
    """Masks at the mean, which is 0 (Park et al. 2019, SpecAugment)."""
    batch, crop, bands = z.shape
    for i in range(batch):
        width = rng.integers(0, min(band_mask, bands // 2) + 1)
        begin = rng.integers(0, bands - width + 1)
        z[i, :, begin:begin + width] = 0
        width = rng.integers(0, min(frame_mask, crop // 2) + 1)
        begin = rng.integers(0, crop - width + 1)
        z[i, begin:begin + width] = 0


def augment(x, crop, strength, rng):
    """x: uint8 [batch][frames][bands]; gives standardised crops
    [batch][1][bands][crop]."""
    db = _crops(x, crop, strength.tempo, rng)
    if strength.pitch > 0:
        db = _shift_pitch(db, strength.pitch, rng)
    db = _equalise(db, strength.tilt, rng)
    _low_pass(db, strength.lowpass, rng)
    _add_noise(db, strength.noise, rng)
    z = networks.standardise(db.clamp_(min=-120))
    _mask(z, strength.band_mask, strength.frame_mask, rng)
    return z.transpose(1, 2).unsqueeze(1)


def mix(z, targets, alpha, rng):
    """Mixup (Zhang et al. 2018) of a batch with itself in another order:
    z [batch][...] and every tensor of `targets` [batch][...]."""
    batch = len(z)
    weight = rng.beta(alpha, alpha, batch)
    weight = torch.from_numpy(np.float32(np.maximum(weight, 1 - weight)))
    other = torch.from_numpy(rng.permutation(batch))

    def blend(t):
        w = weight.view(-1, *[1] * (t.dim() - 1))
        return w * t + (1 - w) * t[other]
    return blend(z), {k: blend(t) for k, t in targets.items()}
