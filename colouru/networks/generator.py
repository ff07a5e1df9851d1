"""The generator: look at the photo once, then answer every hint in milliseconds.

The semantic network knows from a thumbnail what things are and what colours they may have; a light U-Net beside it,
the detail network, sees the edges of the working copy. What both know of every place, its features `phi`, is the
metric of a Gaussian process: kriging spreads the hints' colours to what looks and means the same, however far. A few
convolutions that see the hints refine that, a second kriging with a short kernel brings it to the hints, and
diffusion along the lightness makes it even and exact. Knows nothing of training.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colouru.colour import high_pass
from colouru.networks.album import Album, Precedents
from colouru.networks.bins import AB_BINS
from colouru.networks.blocks import Residual, check_widths, convolution, double, halve
from colouru.networks.diffusion import HOLD, affinity, affinity_of_colours, diffuse
from colouru.networks.kriging import Tokens, krige, krige_about_trend, tokens_of
from colouru.networks.layers import SLOPE, check_shapes, pad_to_multiple
from colouru.networks.semantic import Semantic, known_of_both

# The detail network halves the picture three times, and once more keeps pixels in pairs.
MULTIPLE = 16

# How firmly the harmonic spread of the hints is held to what kriging made, and for how many steps it goes on.
HARMONIC_HOLD = 0.01
HARMONIC_STEPS = 24

# The longer side of a small image, in pixels. What is larger is a photograph.
SMALL = 96

# In small images colours do change from pixel to pixel. In photographs that is mottle, and the diffusion along the
# lightness, without plain steps, is followed by so many along what is nearly of one colour. The networks do not learn
# with these: they would hold the more firmly against them.
COLOUR_STEPS = 2

# How much of the automatic colouring is believed of photographs: the networks know less than they think of those that
# they did not learn from. Of small images, of which they had many times as many, they know as much as they think. Both
# were measured on pictures held out.
BELIEVED = 0.85

# The logarithm of how much more or less than others one hint may be doubted.
LEAST_DOUBT, MOST_DOUBT = -2.0, 6.0

# The standard deviations that a whole photo is expected to have from its automatic colouring: of any share of it in any
# other, and of one colour added everywhere. Learned on pictures that the networks know they would be too small, so they
# were chosen on pictures held out.
TINT = 0.35
CAST = 0.025

# By which power of how much more vivid than expected a lone hint is it speaks less for the whole photo, and how far
# from their centre, of the longer side, hints lie that are not alone.
ALONE = 8.0
APART = 0.1

# The power of what is known by which colours are spared boldness: beside a hint nearly all of it, and further away
# little, for what is half known is pale too; and the power of what is known of the whole picture by which all of it is
# spared. The more hints it has, and on the more colourful things, the less pale it is. Chosen on pictures held out.
SPARED = 20
SATED = 4


class Sight(NamedTuple):
    """What the generator knows of a photo before any hint; h and w are half the sides of the padded picture.

    Attributes:
        L: (N,1,2h,2w), padded to a multiple of 16.
        edges: (N,1,2h,2w), its high-pass.
        fine: (N,C,h,w), what the refinement's first convolution makes of the features of every place.
        coarse: (N,C',h/2,w/2), the same of its coarser one.
        ab: (N,2,h,w), the automatic colouring.
        phi: (N,D,h,w), the places in which distance is unlikeness.
        deviation: (N,1,h,w), the standard deviation that the truth is expected to have around `ab`.
        affinity: (N,8,2h,2w), how alike neighbours are in lightness.
        coarse_affinity: (N,8,h/2,w/2), the same of the picture at a quarter of its size.
        gist: (N,G), what the photo shows as a whole.
    """

    L: Tensor
    edges: Tensor
    fine: Tensor
    coarse: Tensor
    ab: Tensor
    phi: Tensor
    deviation: Tensor
    affinity: Tensor
    coarse_affinity: Tensor
    gist: Tensor

    def padded(self, hints: Tensor) -> Tensor:
        """`hint_ab` or `hint_mask` (N,C,H,W) at the padded size; zeros, as the padding holds no hints."""
        return F.pad(hints, (0, self.L.shape[3] - hints.shape[3], 0, self.L.shape[2] - hints.shape[2]))


class Answer(NamedTuple):
    """What it makes of the hints.

    Attributes:
        ab: (N,2,2h,2w), `ab_pred` of the padded picture, exactly the hints where they are.
        known: (N,1,h,w) in [0, 1], the share of the variance that the hints have explained: 0 far from any, 1 on one.
        context: (N,C,h/2,w/2), from which `palette` tells likely colours.
    """

    ab: Tensor
    known: Tensor
    context: Tensor


class Reading(NamedTuple):
    """What the hints tell before a picture is made of it, all at half the size.

    Attributes:
        tokens: the hinted cells.
        hint: (N,2,h,w), the hints' ab.
        ab: (N,2,h,w), the automatic colouring and what kriging brought to it.
        fine: (N,C,h,w), what the refinement saw of all that.
        known, context: as in `Answer`.
    """

    tokens: Tokens
    hint: Tensor
    ab: Tensor
    fine: Tensor
    known: Tensor
    context: Tensor


class Generator(nn.Module):
    """See the docstring of the module.

    Args:
        widths: of the detail network, channels at a half, a quarter and an eighth of the working resolution.
        semantic_widths: see `Semantic`. All are multiples of 8.
    """

    def __init__(self, widths: Sequence[int] = (24, 64, 128), semantic_widths: Sequence[int] = (48, 96, 240, 432)):
        super().__init__()
        check_widths(widths, 3)
        a, b, c = widths
        self.semantic = Semantic(semantic_widths)
        self.enter = convolution(8, a)
        self.down = nn.ModuleList([nn.Sequential(halve(a, b), Residual(b)), nn.Sequential(halve(b, c), Residual(c))])
        self.told = nn.Conv2d(sum(semantic_widths[:3]), c, 1)
        self.up = nn.ModuleList([double(c, b), double(b, a)])
        self.join = nn.ModuleList(
            [
                nn.Sequential(convolution(2 * c, c), Residual(c)),
                nn.Sequential(convolution(2 * b, b), Residual(b)),
                convolution(2 * a, a),
            ]
        )
        self.automatic = nn.Conv2d(a, 2, 1)
        self.phi = nn.Conv2d(a, 16, 1)
        self.log_deviation = nn.Conv2d(a, 1, 1)
        self.log_light, self.log_place = (nn.Parameter(torch.tensor(value)) for value in (0.7, 1.1))
        self.log_noise = nn.Parameter(torch.tensor(-3.0))
        self.log_near_light, self.log_near_place = (nn.Parameter(torch.tensor(value)) for value in (1.5, 3.0))

        e = 2 * a
        self.doubt = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(SLOPE), nn.Linear(16, 1))
        self.refine_fine = convolution(a + 12, a)
        self.refine_coarse = nn.Sequential(halve(a, e))
        self.refine_context = nn.Sequential(convolution(e + b, e), Residual(e))
        self.tone = nn.Sequential(nn.Linear(9, e), nn.LeakyReLU(SLOPE), nn.Linear(e, e, bias=False))
        self.refine_up = double(e, a)
        self.refine = nn.Sequential(convolution(2 * a, a), nn.Conv2d(a, 2, 1))
        self.near = nn.Conv2d(2 * a, 8, 1)
        self.sharpen = nn.Sequential(
            nn.Conv2d(7, 16, 3, padding=1), nn.LeakyReLU(SLOPE, inplace=True), nn.Conv2d(16, 3, 3, padding=1)
        )
        self.palette = nn.Conv2d(e, len(AB_BINS), 1)
        self.album = Album(self.phi.out_channels + 1, semantic_widths[-1])
        # At first nothing is refined: kriging is a good guess from the first step on.
        for last in (self.automatic, self.log_deviation, self.doubt[-1], self.refine[-1], self.sharpen[-1]):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        # On the device "meta", where weights are loaded, `normal_` alone would import a second and 70 MB of PyTorch.
        nn.init.uniform_(self.near.weight, -0.09, 0.09)
        nn.init.zeros_(self.tone[-1].weight)

    def see(self, L: Tensor) -> Sight:
        """What there is to know of `L` (N,1,H,W) before any hint. Once a photo."""
        # Group norm wants more than a single place at the deepest level.
        L = pad_to_multiple(L, MULTIPLE, least=2)
        knowledge = known_of_both(self.semantic, L)
        edges = high_pass(L)
        levels = [self.enter(F.pixel_unshuffle(torch.cat([L, edges], 1), 2))]
        for down in self.down:
            levels.append(down(levels[-1]))  # half the size each time
        eighth = levels.pop()
        told = self.told(torch.cat([_resized(level, eighth) for level in knowledge.levels], 1))
        joins = iter(self.join)
        x = next(joins)(torch.cat([told, eighth], 1))
        for up, join in zip(self.up, joins, strict=True):
            context = x
            x = join(torch.cat([up(x), levels.pop()], 1))  # twice the size each time
        phi = torch.cat([self.phi(x), self.log_light.exp() * F.avg_pool2d(L, 2), self.log_place.exp() * _places(x)], 1)
        # What is known is bent to the edges that can only be seen here.
        ab = _resized(knowledge.ab, x) + self.automatic(x)
        if self._unseen(L):
            ab = BELIEVED * ab
        log_deviation = _resized(knowledge.log_deviation, x) + self.log_deviation(x)
        deviation = log_deviation.clamp(-5, 1).exp()
        # A convolution is linear: what it makes of the features is the same for every dot.
        fine = _part(self.refine_fine[0], x, 0)
        enter, _ = self.refine_context
        coarse = _part(enter[0], context, enter[0].in_channels - context.shape[1])
        coarse_affinity = affinity(F.avg_pool2d(L, 4))
        return Sight(L, edges, fine, coarse, ab, phi, deviation, affinity(L), coarse_affinity, knowledge.deepest)

    def answer(self, sight: Sight, hint_ab: Tensor, hint_mask: Tensor, boldness: float = 0.0) -> Answer:
        """What the hints (N,2,H,W), (N,1,H,W) make of it. Once a stroke.

        Args:
            boldness: by how much of itself chroma grows where the hints tell nothing, and less the nearer one is and
                the more they tell of the whole: squared error asks for paler colours the less is known, people do not.
        """
        hint_ab, hint_mask = sight.padded(hint_ab), sight.padded(hint_mask)
        reading = self._read(sight, hint_ab, hint_mask)
        refined = torch.cat([self.refine_up(reading.context), reading.fine], 1)
        ab = reading.ab + self.refine(refined)
        ab = ab + self._settle(sight, reading.tokens, reading.hint - ab, refined)

        ab = F.interpolate(ab, scale_factor=2, mode="bilinear", align_corners=False)
        left = (hint_ab - ab) * hint_mask
        seen = torch.cat([sight.L, sight.edges, ab, hint_mask, left], 1)
        sharper, log_hold = self.sharpen(seen).float().split([2, 1], 1)
        known = _resized(reading.known.clamp(0, 1), ab)
        bolder = boldness * (1 - known.mean((1, 2, 3), keepdim=True) ** SATED) * (1 - known**SPARED)
        ab = (ab + sharper) * (1 + bolder)
        ab = self._even(sight, ab, HOLD + HOLD * log_hold.clamp(-3, 3).exp(), hint_ab, hint_mask)
        return Answer(ab, reading.known, reading.context)

    def context(self, sight: Sight, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """`Answer.context` alone, for whoever wants likely colours and no picture."""
        return self._read(sight, sight.padded(hint_ab), sight.padded(hint_mask)).context

    def precedents(self, sight: Sight, hint_ab: Tensor, hint_mask: Tensor) -> Precedents:
        """What the hints (1,2,H,W), (1,1,H,W) of one photo tell of the same things in others."""
        tokens, hint, _ = _tokens(sight.padded(hint_ab), sight.padded(hint_mask))
        residual = tokens.mean((hint - sight.ab) / sight.deviation)
        doubt = self._doubt(sight, tokens, hint, residual)
        exists = tokens.exists[0] > 0
        phi = tokens.mean(_placeless(sight.phi))
        return Precedents(phi[0, exists], residual[0, exists], doubt[0, exists], sight.gist[0])

    def following(self, sight: Sight, precedents: Sequence[Precedents]) -> Sight:
        """The sight (N=1) of a photo whose automatic colouring follows the precedents of others, as far as it is alike.

        The photo's own hints are then answered as ever, so they are never outvoted.
        """
        moved = self.album(precedents, _placeless(sight.phi), sight.gist) * sight.deviation
        return sight._replace(ab=sight.ab + moved)

    def _read(self, sight: Sight, hint_ab: Tensor, hint_mask: Tensor) -> Reading:
        tokens, hint, mask = _tokens(hint_ab, hint_mask)
        spread, known = self._spread(sight, tokens, hint)
        ab = sight.ab + spread
        hinted = (mask > 0).to(ab)
        harmonic = self._harmonic(sight, ab, hint, mask)
        told = [ab, spread, known, sight.deviation, hinted, (hint - ab) * hinted, harmonic]
        seen, first = torch.cat(told, 1), self.refine_fine[0]
        fine = self.refine_fine[1:](sight.fine + _part(first, seen, first.in_channels - seen.shape[1]))
        enter, residual = self.refine_context
        context = enter[1:](sight.coarse + _part(enter[0], self.refine_coarse(fine), 0))
        context = residual(context + self._tone(sight, tokens, hint))
        return Reading(tokens, hint, ab, fine, known, context)

    def _spread(self, sight: Sight, tokens: Tokens, hint: Tensor) -> tuple[Tensor, Tensor]:
        """The hints' residuals, taken to everything alike: (N,2,h,w), and how much that is to be believed (N,1,h,w).

        A photo as a whole may be paler or warmer than it looked, or have a cast: that its residuals are a linear
        function of its automatic colouring is told apart from what they are at single places.
        """
        variables = torch.cat([TINT * sight.ab, torch.full_like(sight.deviation, CAST)], 1)  # (N,3,h,w)
        phi, residual = tokens.mean(sight.phi), tokens.mean((hint - sight.ab) / sight.deviation)  # (N,K,D), (N,K,2)
        noise = self.noise * self._doubt(sight, tokens, hint, residual)
        trend = tokens.mean(variables / sight.deviation) * self._share(sight, tokens, hint)[..., None]  # (N,K,3)
        spread, known, coefficients = krige_about_trend(
            phi, residual, trend, sight.phi, noise=noise, exists=tokens.exists
        )
        moved = torch.einsum("ntc,nthw->nchw", coefficients, variables.float())
        return spread * sight.deviation + moved, known

    def _doubt(self, sight: Sight, tokens: Tokens, hint: Tensor, residual: Tensor) -> Tensor:
        """(N,K): how much more than others each hint is doubted as evidence of anything but its own surroundings.

        Kriging is linear: a surprise of five deviations on one thing would be spread as if the whole picture were to
        blame for it. To doubt what surprises is what the heavy tails of a Student-t likelihood do (Jylanki, Vanhatalo
        and Vehtari 2011); how much, and whether it is a vivid thing or a pale one that surprises, is learned.
        """
        each = torch.cat(
            [
                torch.log1p(residual.square().sum(2, keepdim=True)),
                _strength(tokens, hint),
                _strength(tokens, sight.ab),
                tokens.mean(sight.deviation),
            ],
            2,
        )
        return self.doubt(each.float())[..., 0].clamp(LEAST_DOUBT, MOST_DOUBT).exp()

    def _share(self, sight: Sight, tokens: Tokens, hint: Tensor) -> Tensor:
        """(N,K): the share in [0, 1] in which each hint speaks for the whole photo.

        Where people set one dot alone, they set it on what is most colourful, so that it is more vivid than it looked
        tells nothing of the rest; that it is paler does. Hints that lie apart were not all chosen for that.
        """
        paler = (_strength(tokens, sight.ab) / _strength(tokens, hint)).clamp_max(1)[..., 0]
        places = tokens.mean(_places(hint))  # (N,K,2)
        exists = tokens.exists[..., None]
        count = exists.sum(1, keepdim=True).clamp_min(1)
        centre = (places * exists).sum(1, keepdim=True) / count
        apart = ((places - centre) * exists).square().sum((1, 2)) / count[:, 0, 0]  # (N,)
        return paler ** (ALONE * torch.exp(-apart / (2 * APART**2)))[:, None]

    @torch.no_grad()
    def _harmonic(self, sight: Sight, ab: Tensor, hint: Tensor, mask: Tensor) -> Tensor:
        """(N,3,h,w): what spreading the hints along the lightness alone would make different from kriging's `ab`, and
        how far they come, for the refinement to choose from. It is what Levin et al. (2004) would do, held to `ab`.
        """
        share = F.avg_pool2d(mask, 2)
        hinted = torch.cat([F.avg_pool2d(hint * mask, 2) / share.clamp_min(1e-6), torch.ones_like(share)], 1)
        start = torch.cat([F.avg_pool2d(ab, 2), torch.zeros_like(share)], 1)
        hold = torch.full_like(share, HARMONIC_HOLD)
        spread = diffuse(start, hold, sight.coarse_affinity, hinted, share, HARMONIC_HOLD, HARMONIC_STEPS)
        return _resized(spread, ab) - F.pad(ab, (0, 0, 0, 0, 0, 1))

    def _tone(self, sight: Sight, tokens: Tokens, hint: Tensor) -> Tensor:
        """(N,E,1,1): what the hints tell of the whole photo, such as that it is paler or warmer than it looked."""
        told, guessed = tokens.mean(hint), tokens.mean(sight.ab)  # (N,K,2)
        surprise = tokens.mean((hint - sight.ab) / sight.deviation)
        strengths = [(x.square().sum(2, keepdim=True) + 1e-6).sqrt() for x in (told, guessed)]
        each = torch.cat([told, guessed, surprise, *strengths], 2)  # (N,K,8)
        exists = tokens.exists[..., None]
        count = exists.sum(1)  # (N,1)
        mean = (each * exists).sum(1) / count.clamp_min(1)
        return self.tone(torch.cat([mean, torch.log1p(count)], 1))[:, :, None, None]

    def _even(self, sight: Sight, ab: Tensor, hold: Tensor, hint_ab: Tensor, hint_mask: Tensor) -> Tensor:
        """What has one lightness comes to one colour, unless it is held to its own, and a hint is a fact.

        In a photograph what nearly has one colour then does, too.
        """
        if not self._unseen(ab):
            return diffuse(ab, hold, sight.affinity, hint_ab, hint_mask)
        ab = diffuse(ab, hold, sight.affinity, hint_ab, hint_mask, plain_steps=0)
        weights = affinity_of_colours(ab, sight.affinity)
        return diffuse(ab, hold, weights, hint_ab, hint_mask, steps=COLOUR_STEPS, plain_steps=COLOUR_STEPS)

    def _unseen(self, x: Tensor) -> bool:
        """Whether `x` (N,.,H,W) is of photographs that are not learned from."""
        return not self.training and max(x.shape[2:]) > SMALL

    @property
    def noise(self) -> Tensor:
        return self.log_noise.exp() + 1e-3

    def _settle(self, sight: Sight, tokens: Tokens, residual: Tensor, refined: Tensor) -> Tensor:
        """What is left of the hints' residuals (N,2,h,w), taken to what is near in place and lightness and alike."""
        near = torch.cat(
            [
                self.log_near_light.exp() * F.avg_pool2d(sight.L, 2),
                self.log_near_place.exp() * _places(residual),
                self.near(refined),
            ],
            1,
        )
        return krige(tokens.mean(near), tokens.mean(residual), near, noise=1e-2, exists=tokens.exists)

    def forward(self, L: Tensor, hint_ab: Tensor, hint_mask: Tensor, boldness: float = 0.0) -> Tensor:
        """`ab_pred` (N,2,H,W) from `L` (N,1,H,W), `hint_ab` (N,2,H,W) and `hint_mask` (N,1,H,W)."""
        check_shapes(L, hint_ab)
        return self.answer(self.see(L), hint_ab, hint_mask, boldness).ab[..., : L.shape[2], : L.shape[3]]


def _part(layer: nn.Conv2d, x: Tensor, start: int) -> Tensor:
    """What a 3x3 convolution makes of `x` (N,C,h,w), those of its inputs that begin with number `start`."""
    return F.conv2d(x, layer.weight[:, start : start + x.shape[1]], padding=1)


def _tokens(hint_ab: Tensor, hint_mask: Tensor) -> tuple[Tokens, Tensor, Tensor]:
    """The hinted cells, and at half the size the hints' ab (N,2,h,w) and the share of each pixel that is hinted."""
    mask = F.avg_pool2d(hint_mask, 2)  # (N,1,h,w)
    hint = F.avg_pool2d(hint_ab * hint_mask, 2) / mask.clamp_min(0.25)  # (N,2,h,w)
    return tokens_of(mask), hint, mask


def _strength(tokens: Tokens, ab: Tensor) -> Tensor:
    """(N,K,1): the root mean square chroma of `ab` (N,2,h,w) at each token."""
    return (tokens.mean(ab.square().sum(1, keepdim=True)) + 1e-6).sqrt()


def _placeless(phi: Tensor) -> Tensor:
    """The features `phi` (N,D,h,w) without the two of place."""
    return phi[:, :-2]


def _places(like: Tensor) -> Tensor:
    """(N,2,h,w): y and x of every pixel's centre, in units of the longer side."""
    N, _, h, w = like.shape
    y = ((torch.arange(h, device=like.device) + 0.5) / max(h, w)).view(1, 1, h, 1).expand(N, 1, h, w)
    x = ((torch.arange(w, device=like.device) + 0.5) / max(h, w)).view(1, 1, 1, w).expand(N, 1, h, w)
    return torch.cat([y, x], 1).to(like)


def _resized(x: Tensor, like: Tensor) -> Tensor:
    """`x` (N,C,.,.) brought bilinearly to the size of `like` (N,.,h,w)."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
