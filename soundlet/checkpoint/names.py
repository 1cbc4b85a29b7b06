"""The names of tensors in official files and ours, both ways; nothing else knows official names.

Ours are the module paths of `soundlet.models`. A rule is a pair of patterns: `{n}` stands for a
number and `{rest}` for any ending; the first rule that fits counts.
"""

from __future__ import annotations

import re
from functools import lru_cache

from soundlet.config import ModelConfig, T5Config

Rules = tuple[tuple[str, str], ...]

_BLOCK = ("model.model.transformer.layers.{n}.", "dit.blocks.{n}.")
_IN_BLOCK = (
    ("pre_norm.{rest}", "self_attention_norm.{rest}"),
    ("self_attn.q_norm.{rest}", "self_attention.norm.q.{rest}"),
    ("self_attn.k_norm.{rest}", "self_attention.norm.k.{rest}"),
    ("self_attn.{rest}", "self_attention.{rest}"),
    ("cross_attend_norm.{rest}", "cross_attention_norm.{rest}"),
    ("cross_attn.q_norm.{rest}", "cross_attention.norm.q.{rest}"),
    ("cross_attn.k_norm.{rest}", "cross_attention.norm.k.{rest}"),
    ("cross_attn.{rest}", "cross_attention.{rest}"),
    ("ff_norm.{rest}", "feed_forward_norm.{rest}"),
    ("ff.ff.0.proj.{rest}", "feed_forward.expand.{rest}"),
    ("ff.ff.2.{rest}", "feed_forward.project.{rest}"),
)
_MODEL_RULES: Rules = (
    *((_BLOCK[0] + official, _BLOCK[1] + ours) for official, ours in _IN_BLOCK),
    ("model.model.transformer.project_in.{rest}", "dit.project_in.{rest}"),
    ("model.model.transformer.project_out.{rest}", "dit.project_out.{rest}"),
    ("model.model.transformer.rotary_pos_emb.{rest}", "dit.rotary.{rest}"),
    ("model.model.timestep_features.{rest}", "dit.time_features.{rest}"),
    ("model.model.to_timestep_embed.{rest}", "dit.time_embed.{rest}"),
    ("model.model.to_cond_embed.{rest}", "dit.cross_embed.{rest}"),
    ("model.model.to_global_embed.{rest}", "dit.global_embed.{rest}"),
    ("model.model.preprocess_conv.{rest}", "dit.preprocess_conv.{rest}"),
    ("model.model.postprocess_conv.{rest}", "dit.postprocess_conv.{rest}"),
    ("pretransform.model.encoder.{rest}", "encoder.{rest}"),
    ("pretransform.model.decoder.{rest}", "decoder.{rest}"),
)

_T5_BLOCK = ("encoder.block.{n}.layer.", "blocks.{n}.")
_IN_T5_BLOCK = (
    ("0.layer_norm.{rest}", "attention_norm.{rest}"),
    ("0.SelfAttention.q.{rest}", "attention.to_q.{rest}"),
    ("0.SelfAttention.k.{rest}", "attention.to_k.{rest}"),
    ("0.SelfAttention.v.{rest}", "attention.to_v.{rest}"),
    ("0.SelfAttention.o.{rest}", "attention.to_out.{rest}"),
    ("1.layer_norm.{rest}", "feed_forward_norm.{rest}"),
    ("1.DenseReluDense.wo.{rest}", "feed_forward.project.{rest}"),
)
_T5_RULES: Rules = (
    ("shared.weight", "embedding.weight"),
    (
        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
        "position_bias.embedding.weight",
    ),
    *((_T5_BLOCK[0] + official, _T5_BLOCK[1] + ours) for official, ours in _IN_T5_BLOCK),
    ("encoder.final_layer_norm.{rest}", "norm.{rest}"),
)
_T5_RELU = (("1.DenseReluDense.wi.{rest}", "feed_forward.expand.{rest}"),)
_T5_GATED = (
    ("1.DenseReluDense.wi_0.{rest}", "feed_forward.gate.{rest}"),
    ("1.DenseReluDense.wi_1.{rest}", "feed_forward.expand.{rest}"),
)


def our_name(official: str, config: ModelConfig) -> str | None:
    """Our name of a tensor of an official checkpoint, or None for a name that it never has."""
    return _translate(official, _rules(config))


def official_name(ours: str, config: ModelConfig) -> str | None:
    """The official name of one of our tensors, or None for a name that official files lack.

    The text encoder is not in official checkpoints. Weights that are folded here are two tensors
    there: their name is that of `weight_g` and `weight_v` without the ending.
    """
    return _translate(ours, _inverse(_rules(config)))


def our_t5_name(official: str, config: T5Config) -> str | None:
    """Our name, within the text encoder, of a tensor in google-t5's layout, or None."""
    return _translate(official, _t5_rules(config))


def official_t5_name(ours: str, config: T5Config) -> str | None:
    """The name in google-t5's layout of a tensor of our text encoder, or None."""
    return _translate(ours, _inverse(_t5_rules(config)))


def _rules(config: ModelConfig) -> Rules:
    seconds = f"conditioner.conditioners.{config.seconds.id}.embedder.embedding"
    prompt = f"conditioner.conditioners.{config.prompt.id}"
    return (
        *_MODEL_RULES,
        (f"{seconds}.0.weights", "conditioners.seconds.frequencies"),
        (f"{seconds}.1.{{rest}}", "conditioners.seconds.project.{rest}"),
        (f"{prompt}.proj_out.{{rest}}", "conditioners.project_out.{rest}"),
    )


def _t5_rules(config: T5Config) -> Rules:
    feed_forward = _T5_GATED if config.feed_forward_proj == "gated-gelu" else _T5_RELU
    return (
        *_T5_RULES,
        *((_T5_BLOCK[0] + official, _T5_BLOCK[1] + ours) for official, ours in feed_forward),
    )


def _inverse(rules: Rules) -> Rules:
    return tuple((ours, official) for official, ours in rules)


def _translate(name: str, rules: Rules) -> str | None:
    for source, target in rules:
        if found := _pattern(source).fullmatch(name):
            return target.format(**found.groupdict())
    return None


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template)
    return re.compile(
        escaped.replace(r"\{n\}", r"(?P<n>\d+)").replace(r"\{rest\}", r"(?P<rest>.+)")
    )
