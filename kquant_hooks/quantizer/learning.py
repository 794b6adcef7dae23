"""Entries for a histogram of any kind: with alpha, with fixed colours, or plain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kquant_hooks.clustering.arrays import Bools, Floats, Integers, grouped_sums, sum_in_order
from kquant_hooks.options.settings import Settings
from kquant_hooks.quantizer.coords import exact_coords
from kquant_hooks.quantizer.histogram import Histogram, codes_of, with_alpha, with_opaque_alpha
from kquant_hooks.quantizer.mapping import losses_of, map_colors
from kquant_hooks.quantizer.opacity import divide_by_opacity
from kquant_hooks.quantizer.search import SearchResult, all_colors, search
from kquant_hooks.quantizer.spaces.space import space_named


def with_fixed(histogram: Histogram, settings: Settings) -> tuple[Histogram, Integers]:
    """The histogram and the distinct fixed entries; both with alpha if either has it."""
    if settings.fixed is None:
        return histogram, histogram.colors[:0]
    entries: Integers = settings.fixed.colors
    if entries.shape[1] == 4 or histogram.alpha:
        histogram, entries = with_alpha(histogram), with_opaque_alpha(entries)
    _, first = np.unique(codes_of(entries), return_index=True)
    return histogram, entries[np.sort(first)]


def learn_entries(histogram: Histogram, settings: Settings) -> SearchResult:
    """Look for the best entries for a histogram of any kind.

    Raises
    ------
    ValueError
        If one colour is asked for and the picture is partly transparent, or if the fixed colours leave no
        room for transparency.
    """
    histogram, fixed = with_fixed(replace(histogram, space=space_named(settings.space)), settings)
    if not histogram.alpha or all_colors(histogram, fixed, settings.colors) is not None:
        return search(histogram, settings.colors, settings, fixed)
    is_opaque = histogram.colors[:, 3] == 255
    is_translucent = (histogram.colors[:, 3] > 0) & ~is_opaque
    visible = _part(histogram, is_opaque | is_translucent)
    # Excluded from learning: transparency, and translucent entries if the picture has no translucent colours.
    excluded = fixed[:, 3] < (1 if visible.alpha else 255)
    reserved, learned_fixed = fixed[excluded], fixed[~excluded]
    if histogram.transparent and not (reserved[:, 3] == 0).any():
        reserved = np.concatenate([np.zeros((1, 4), np.uint8), reserved])
    count = settings.colors - len(reserved)
    # Opaque colours need an opaque entry.
    needs_opaque = is_opaque.any() and not (learned_fixed[:, 3] == 255).any()
    if count < max(1, len(learned_fixed) + needs_opaque):
        raise ValueError(_no_room(settings.colors, len(fixed)))
    learned = search(visible, count, settings, learned_fixed if visible.alpha else learned_fixed[:, :3])
    if not visible.alpha:
        return replace(learned, entries=np.concatenate([reserved, with_opaque_alpha(learned.entries)]))
    entries = np.concatenate([reserved, divide_by_opacity(visible, learned.entries, len(learned_fixed))])
    best, loss = replace(learned, entries=entries), _losses(histogram, entries)
    for opaque in [] if len(fixed) else _other_shares(histogram, entries, loss, count):
        # Crisp icons with soft edges do better with opaque entries only, soft gradients with more opaque
        # ones.
        shares = [(_part(histogram, is_opaque), opaque), (_part(histogram, is_translucent), count - opaque)]
        found = [search(part, share, settings, part.colors[:0]) for part, share in shares if share]
        others = np.concatenate([reserved, *(with_opaque_alpha(other.entries) for other in found)])
        other_loss = _losses(histogram, others)
        if other_loss.sum() < loss.sum():
            used = sum(other.iterations for other in found)
            converged = all(other.converged for other in found)
            best = SearchResult(entries=others, iterations=used, converged=converged)
            loss = other_loss
    return best


def _no_room(colors: int, fixed: int) -> str:
    if fixed:
        return (
            f"colors={colors} leaves no room for {fixed} fixed colours, transparent pixels and opaque ones; "
            f"use colors={colors + 1} or more"
        )
    return f"colors={colors} cannot tell transparent pixels from visible ones; use colors=2 or more"


def _part(histogram: Histogram, selected: Bools) -> Histogram:
    """The selected colours; without alpha if all of them are opaque."""
    colors = histogram.colors[selected]
    alpha = bool((colors[:, 3] < 255).any())
    colors = colors if alpha else colors[:, :3]
    return replace(histogram, colors=colors, weights=histogram.weights[selected], alpha=alpha)


def _losses(histogram: Histogram, entries: Integers) -> Floats:
    """The squared error of the transparent, the translucent and the opaque colours, in whole units."""
    mapping = map_colors(histogram, entries)
    kinds = (histogram.colors[:, 3] > 0).astype(np.intp) + (histogram.colors[:, 3] == 255)
    return grouped_sums(kinds, [losses_of(histogram, mapping)], 3)[0]


def _min_loss_of_opaque(histogram: Histogram) -> float:
    """The least error of translucent colours if all entries were opaque: that of their alpha alone."""
    opacity = exact_coords(histogram, histogram.colors)[:, 3]
    difference: Floats = opacity.max() - opacity
    if histogram.transparent:
        difference = np.minimum(difference, opacity)
    return sum_in_order(difference * difference * histogram.weights)


def _other_shares(histogram: Histogram, entries: Integers, losses: Floats, count: int) -> list[int]:
    """Numbers of opaque entries that are worth trying, as opaque colours are mapped to these alone.

    An error falls about as the number of entries to the power of -2/3 in three dimensions (Zador 1982,
    *Asymptotic quantization error of continuous signals*). The sum of two errors is least where each entry
    saves the same.
    """
    most = int(np.count_nonzero(histogram.colors[:, 3] == 255))
    shares = [count] if most > count and _min_loss_of_opaque(histogram) < losses.sum() else []
    opaque = int(np.count_nonzero(entries[:, 3] == 255))
    others = count - opaque
    if not (opaque and others and most > opaque):
        return shares
    ratio = (losses[2] * opaque ** (2 / 3) / max(losses[1] * others ** (2 / 3), 1.0)) ** 0.6
    # Even with the same number of entries, translucent colours do better when learned alone: learned
    # together, some of their entries lie near opaque ones.
    return [*shares, min(most, count - 1, max(opaque, round(count * ratio / (1 + ratio))))]
