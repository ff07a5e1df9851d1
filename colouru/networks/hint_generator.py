"""The generator: encode a photo once, then answer every set of hints in milliseconds.

    L (256 px long) -> Prior (192 px) -> ab, std, features --resized to stride 4--> embedding phi
    hints -> tokens at stride 4 -> kriging of their residuals over phi -> U-Net refinement -> kriging nearby
          -> upsampled to stride 1 -> diffusion along the lightness, exact at the hints

Knows nothing of training and of how large the photo is.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.colour import high_pass
from colouru.networks.bins import AB_BINS
from colouru.networks.blocks import ResidualBlock, check_widths, convolution, double, halve
from colouru.networks.diffusion import HOLD, affinity, diffuse
from colouru.networks.kriging import Tokens, krige, krige_about_trend, tokens_of
from colouru.networks.layers import SLOPE, check_shapes, pad_to_multiple
from colouru.networks.prior import Prior, resize_for_prior

# Hints are spread on a grid of every so manieth pixel.
STRIDE = 4

# The refinement halves that grid twice.
MULTIPLE = 4 * STRIDE

# Channels of the embedding, beside lightness and position.
EMBEDDING = 16

# Bounds of the logarithm of how much a hint's noise is scaled.
NOISE_SCALE_RANGE = (-2.0, 6.0)

# Fidelity to the prior, and number of iterations, of the harmonic spread.
HARMONIC_FIDELITY = 0.01
HARMONIC_STEPS = 24


class Encoding(NamedTuple):
    """What the generator finds of a photo before any hint; (h,w) is the grid, (4h,4w) the padded picture.

    Attributes:
        L: (N,1,4h,4w), padded to a multiple of 16.
        ab: (N,2,h,w), the prior's careful ab.
        bold_ab: (N,2,h,w), its bold one.
        std: (N,1,h,w), the standard deviation of the true ab around it.
        phi: (N,D,h,w), the embedding: places whose embeddings are close have correlated colours.
        features: (N,C,h,w), input of the refinement that does not depend on hints.
        affinity: (N,8,4h,4w), weights of neighbouring pixels by lightness.
        grid_affinity: (N,8,h,w), the same weights on the grid.
        global_feature: (N,G), what the photo shows as a whole.
    """

    L: Tensor
    ab: Tensor
    bold_ab: Tensor
    std: Tensor
    phi: Tensor
    features: Tensor
    affinity: Tensor
    grid_affinity: Tensor
    global_feature: Tensor

    def pad(self, hints: Tensor) -> Tensor:
        """`hint_ab` or `hint_mask` (N,C,H,W) padded with zeros, as the padding holds no hints."""
        return F.pad(hints, (0, self.L.shape[3] - hints.shape[3], 0, self.L.shape[2] - hints.shape[2]))


class Prediction(NamedTuple):
    """What the generator makes of hints.

    Attributes:
        ab: (N,2,4h,4w), `ab_pred` of the padded picture, equal to the hints where they are.
        explained_variance: (N,1,h,w) in [0, 1]: 0 far from any hint, 1 at one.
        context: (N,C,h/2,w/2), from which `bins_head` tells the likelihood of ab bins.
    """

    ab: Tensor
    explained_variance: Tensor
    context: Tensor


class HintGenerator(nn.Module):
    """See the docstring of the module.

    Args:
        widths: channels of the refinement at strides 4, 8 and 16, multiples of 8.
        prior_widths: see `Prior`.
        prior_size: the longer side, in pixels, at which the prior sees a photo.
    """

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 96),
        prior_widths: Sequence[int] = (32, 64, 128, 256),
        prior_size: int = 192,
    ):
        super().__init__()
        check_widths(widths, 3)
        a, b, c = widths
        self.prior = Prior(prior_widths)
        self.prior_size = prior_size

        self.project_features = nn.ModuleList(nn.Conv2d(width, a, 1) for width in reversed(prior_widths[:3]))
        self.embed_pixels = nn.Conv2d(2 * STRIDE**2, a, 1)
        self.embed = nn.Sequential(nn.GroupNorm(8, a), nn.LeakyReLU(SLOPE), ResidualBlock(a))
        self.phi_head = nn.Conv2d(a, EMBEDDING, 1)
        self.log_lightness_scale, self.log_position_scale = (nn.Parameter(torch.tensor(x)) for x in (0.7, 1.1))
        self.log_noise = nn.Parameter(torch.tensor(-3.0))
        self.token_mlp = nn.Sequential(nn.Linear(7, 16), nn.LeakyReLU(SLOPE), nn.Linear(16, 2))
        self.log_trend_std = nn.Parameter(torch.tensor([-1.0, -1.0, -3.7]))

        # ab, spread, explained variance, std, mask, residual and harmonic spread
        self.refine_in = convolution(a + 12, a)
        self.refine_down1 = nn.Sequential(halve(a, b), ResidualBlock(b))
        self.refine_down2 = nn.Sequential(halve(b, c), ResidualBlock(c))
        self.global_mlp = nn.Sequential(nn.Linear(9, c), nn.LeakyReLU(SLOPE), nn.Linear(c, c, bias=False))
        self.refine_up2 = double(c, b)
        self.refine_mid = nn.Sequential(convolution(2 * b, b), ResidualBlock(b))
        self.refine_up1 = double(b, a)
        self.refine_out = convolution(2 * a, a)
        # two of ab and the logarithm of the fidelity in diffusion
        self.refine_head = nn.Conv2d(a, 3, 1)
        self.near_head = nn.Conv2d(a, 8, 1)
        self.log_near_lightness, self.log_near_position = (nn.Parameter(torch.tensor(x)) for x in (1.5, 3.0))
        self.bins_head = nn.Conv2d(b, len(AB_BINS), 1)
        # At first nothing is refined: kriging is a good guess from the first step on.
        for last in (self.token_mlp[-1], self.refine_head):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        # Every hint tells of the whole picture, until it is learned which do not.
        nn.init.constant_(self.token_mlp[-1].bias[1:], 4.0)
        nn.init.zeros_(self.global_mlp[-1].weight)
        nn.init.uniform_(self.near_head.weight, -0.09, 0.09)

    def encode(self, L: Tensor) -> Encoding:
        """What there is to find of `L` (N,1,H,W) before any hint. Once a photo."""
        L = pad_to_multiple(L, MULTIPLE, least=2)
        prior = self.prior(resize_for_prior(L, min(self.prior_size, max(L.shape[2:]))))
        grid_L = F.avg_pool2d(L, STRIDE)
        x = self.embed_pixels(F.pixel_unshuffle(torch.cat([L, 4 * high_pass(L)], 1), STRIDE))
        for project, level in zip(self.project_features, prior.features, strict=True):
            x = x + _resize_like(project(level), grid_L)
        x = self.embed(x)
        position = self.log_position_scale.exp() * _xy_grid(grid_L)
        phi = torch.cat([self.phi_head(x), self.log_lightness_scale.exp() * grid_L, position], 1)
        ab, bold_ab, log_std = (_resize_like(x, grid_L) for x in (prior.ab, prior.bold_ab, prior.log_std))
        # A convolution is linear: what it makes of the features is the same for all hints.
        features = _convolve_part(self.refine_in[0], x, 0)
        return Encoding(L, ab, bold_ab, log_std.exp(), phi, features, affinity(L), affinity(grid_L), prior.pooled)

    def decode(
        self, encoding: Encoding, hint_ab: Tensor, hint_mask: Tensor, boldness: float | Tensor = 0.0
    ) -> Prediction:
        """What the hints (N,2,H,W), (N,1,H,W) make of it. Once for every set of hints.

        Args:
            boldness: from 0, the prior's careful ab, to 1, its bold one; one for all or (N,1,1,1).
        """
        encoding = encoding._replace(ab=encoding.ab + boldness * (encoding.bold_ab - encoding.ab))
        hint_ab, hint_mask = encoding.pad(hint_ab), encoding.pad(hint_mask)
        tokens, hint, mask = _tokens(hint_ab, hint_mask)
        spread, explained = self._spread(encoding, tokens, hint)
        ab = encoding.ab + spread
        hinted = (mask > 0).to(ab)
        harmonic = _harmonic_spread(encoding, ab, hint, mask)
        inputs = torch.cat([ab, spread, explained, encoding.std, hinted, (hint - ab) * hinted, harmonic], 1)

        fine = encoding.features + _convolve_part(self.refine_in[0], inputs, self.refine_in[0].in_channels - 12)
        fine = self.refine_in[1:](fine)
        middle = self.refine_down1(fine)
        coarse = self.refine_down2(middle) + self._global_condition(encoding, tokens, hint)
        context = self.refine_mid(torch.cat([self.refine_up2(coarse), middle], 1))
        refined = self.refine_out(torch.cat([self.refine_up1(context), fine], 1))
        change, log_fidelity = self.refine_head(refined).float().split([2, 1], 1)
        ab = ab + change
        ab = ab + self._spread_nearby(encoding, tokens, hint - ab, refined)

        ab = F.interpolate(ab, scale_factor=STRIDE, mode="bilinear", align_corners=False)
        fidelity = HOLD + HOLD * log_fidelity.clamp(-3, 3).exp()
        fidelity = F.interpolate(fidelity, scale_factor=STRIDE, mode="bilinear", align_corners=False)
        ab = diffuse(ab, fidelity, encoding.affinity, hint_ab, hint_mask)
        return Prediction(ab, explained, context)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor, boldness: float = 0.0) -> Tensor:
        """`ab_pred` (N,2,H,W) from `L` (N,1,H,W), `hint_ab` (N,2,H,W) and `hint_mask` (N,1,H,W)."""
        check_shapes(L, hint_ab)
        return self.decode(self.encode(L), hint_ab, hint_mask, boldness).ab[..., : L.shape[2], : L.shape[3]]

    @property
    def noise(self) -> Tensor:
        """The variance of a hint around the truth, relative to the prior's."""
        return self.log_noise.exp() + 1e-3

    def _spread(self, encoding: Encoding, tokens: Tokens, hint: Tensor) -> tuple[Tensor, Tensor]:
        """The hints' residuals brought to every place by kriging, (N,2,h,w), and the explained variance (N,1,h,w).

        Residuals have a trend: that the whole picture is more or less vivid than the prior, or has a cast.
        """
        std = encoding.std
        residual = tokens.mean((hint - encoding.ab) / std)  # (N,K,2)
        log_scale, trend_logit = self._describe_tokens(encoding, tokens, hint, residual).unbind(2)
        noise = self.noise * log_scale.clamp(*NOISE_SCALE_RANGE).exp()
        variables = torch.cat([encoding.ab, torch.ones_like(std)], 1) * self.log_trend_std.exp()[:, None, None]
        trend = tokens.mean(variables / std) * trend_logit.sigmoid()[..., None]  # (N,K,3)
        spread, explained, coefficients = krige_about_trend(
            tokens.mean(encoding.phi), residual, trend, encoding.phi, noise=noise, exists=tokens.exists
        )
        return spread * std + torch.einsum("ntc,nthw->nchw", coefficients, variables.float()), explained

    def _describe_tokens(self, encoding: Encoding, tokens: Tokens, hint: Tensor, residual: Tensor) -> Tensor:
        """(N,K,2): the logarithm by which each hint's noise is scaled, and the logit of its weight in the trend.

        Kriging is linear: a residual of five standard deviations on one thing would be spread as if the whole picture
        were to blame. To trust large residuals less is what a Student-t likelihood does (Jylanki et al. 2011).
        """
        exists = tokens.exists[..., None]
        count = exists.sum(1, keepdim=True).clamp_min(1)
        position = tokens.mean(_xy_grid(hint))
        centre = (position * exists).sum(1, keepdim=True) / count
        extent = (((position - centre) * exists).square().sum((1, 2), keepdim=True) / count).sqrt()
        each = [
            torch.log1p(residual.square().sum(2, keepdim=True)),
            _rms_chroma(tokens, hint),
            _rms_chroma(tokens, encoding.ab),
            tokens.mean(encoding.std),
            (_rms_chroma(tokens, encoding.ab) / _rms_chroma(tokens, hint)).clamp_max(2),
            extent.expand_as(exists),
            count.log().expand_as(exists) / 4,
        ]
        return self.token_mlp(torch.cat(each, 2).float())

    def _global_condition(self, encoding: Encoding, tokens: Tokens, hint: Tensor) -> Tensor:
        """(N,C,1,1): what the hints tell of the whole photo, such as that it is paler or warmer than the prior."""
        colours = [tokens.mean(x) for x in (hint, encoding.ab, (hint - encoding.ab) / encoding.std)]
        each = torch.cat([*colours, _rms_chroma(tokens, hint), _rms_chroma(tokens, encoding.ab)], 2)  # (N,K,8)
        exists = tokens.exists[..., None]
        count = exists.sum(1)  # (N,1)
        mean = (each * exists).sum(1) / count.clamp_min(1)
        return self.global_mlp(torch.cat([mean, torch.log1p(count)], 1))[:, :, None, None]

    def _spread_nearby(self, encoding: Encoding, tokens: Tokens, residual: Tensor, refined: Tensor) -> Tensor:
        """What is left of the hints' residuals (N,2,h,w), brought to what is near and alike by a shorter kernel."""
        near = torch.cat(
            [
                self.log_near_lightness.exp() * F.avg_pool2d(encoding.L, STRIDE),
                self.log_near_position.exp() * _xy_grid(residual),
                self.near_head(refined),
            ],
            1,
        )
        return krige(tokens.mean(near), tokens.mean(residual), near, noise=1e-2, exists=tokens.exists)


def _tokens(hint_ab: Tensor, hint_mask: Tensor) -> tuple[Tokens, Tensor, Tensor]:
    """The hinted cells, and on the grid the hints' ab (N,2,h,w) and the share of each place that is hinted."""
    mask = F.avg_pool2d(hint_mask, STRIDE)
    hint = F.avg_pool2d(hint_ab * hint_mask, STRIDE) / mask.clamp_min(1 / STRIDE**2)
    return tokens_of(mask), hint, mask


@torch.no_grad()
def _harmonic_spread(encoding: Encoding, ab: Tensor, hint: Tensor, mask: Tensor) -> Tensor:
    """(N,3,h,w): by how much spreading the hints along the lightness alone would change `ab`, and how far they come.

    It is what Levin et al. (2004) do, with a fidelity to `ab`.
    """
    hinted = torch.cat([hint, torch.ones_like(mask)], 1)
    start = torch.cat([ab, torch.zeros_like(mask)], 1)
    fidelity = torch.full_like(mask, HARMONIC_FIDELITY)
    spread = diffuse(start, fidelity, encoding.grid_affinity, hinted, mask, HARMONIC_FIDELITY, HARMONIC_STEPS)
    return spread - F.pad(ab, (0, 0, 0, 0, 0, 1))


def _convolve_part(layer: nn.Conv2d, x: Tensor, start: int) -> Tensor:
    """What a 3x3 convolution makes of `x` (N,C,h,w), those of its inputs that begin with number `start`."""
    return F.conv2d(x, layer.weight[:, start : start + x.shape[1]], padding=1)


def _rms_chroma(tokens: Tokens, ab: Tensor) -> Tensor:
    """(N,K,1): the root mean square chroma of `ab` (N,2,h,w) at each token."""
    return (tokens.mean(ab.square().sum(1, keepdim=True)) + 1e-6).sqrt()


def _xy_grid(like: Tensor) -> Tensor:
    """(N,2,h,w): y and x of the centre of every place, in units of the longer side."""
    N, _, h, w = like.shape
    y = ((torch.arange(h, device=like.device) + 0.5) / max(h, w)).view(1, 1, h, 1).expand(N, 1, h, w)
    x = ((torch.arange(w, device=like.device) + 0.5) / max(h, w)).view(1, 1, 1, w).expand(N, 1, h, w)
    return torch.cat([y, x], 1).to(like)


def _resize_like(x: Tensor, like: Tensor) -> Tensor:
    """`x` (N,C,.,.) resized bilinearly to the grid of `like` (N,.,h,w)."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
