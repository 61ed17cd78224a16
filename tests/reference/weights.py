"""AUTOMATIC1111's rule for long and weighted prompts, stated anew: the reference for `--prompt-syntax weighted`.

A prompt is split into pieces of text with a weight, each piece is tokenized by itself, the tokens fill windows of 75
(a phrase that would be cut goes on into the next window where its comma is at most 20 tokens back; BREAK fills a window
up), every window is encoded by itself, each token's vector is multiplied by its weight, and the window's mean is then
brought back to what it was.
"""

import torch

ROOM, MOST_MOVED = 75, 20

# Prompts with their pieces: (text, weight), or None for BREAK.
PROMPTS = {
    "a (red:1.4) apple [on] ((grass))": [("a ", 1.0), ("red", 1.4), (" apple ", 1.0), ("on", 1 / 1.1), (" ", 1.0), ("grass", 1.21)],
    "(castle:0.5) BREAK a \\(tiny\\) house": [("castle", 0.5), None, ("a (tiny) house", 1.0)],
    "portrait of a fox, " * 16 + "(oil painting:1.2) in the snow at night": [
        ("portrait of a fox, " * 16, 1.0),
        ("oil painting", 1.2),
        (" in the snow at night", 1.0),
    ],
    "many " * 90 + "(words:1.3)": [("many " * 90, 1.0), ("words", 1.3)],
}


def windows(tokenizer, pieces):
    """Lists of (token, weight), 77 long."""
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    done, chunk, last_comma = [], [], None

    def finish():
        nonlocal chunk, last_comma
        words = [(tokenizer.bos_token_id, 1.0), *chunk, (tokenizer.eos_token_id, 1.0)]
        done.append(words + [(tokenizer.pad_token_id, 1.0)] * (ROOM + 2 - len(words)))
        chunk, last_comma = [], None

    for piece in pieces:
        if piece is None:
            finish()
            continue
        text, weight = piece
        for token in tokenizer(text, add_special_tokens=False).input_ids:
            if token == comma:
                last_comma = len(chunk)
            elif len(chunk) == ROOM and last_comma is not None and len(chunk) - last_comma <= MOST_MOVED:
                moved = chunk[last_comma + 1 :]
                chunk = chunk[: last_comma + 1]
                finish()
                chunk = moved
            if len(chunk) == ROOM:
                finish()
            chunk.append((token, weight))
    if chunk or not done:
        finish()
    return done


def embedding(tokenizer, encoder, pieces, layer):
    """(windows · 77, width); `layer` turns the encoder's answer into the vectors that are used."""
    rows = []
    for window in windows(tokenizer, pieces):
        ids, weights = zip(*window)
        vectors = layer(encoder(torch.tensor([ids]), output_hidden_states=True))
        mean, least = vectors.mean(), 1e-5 * vectors.square().mean().sqrt()
        vectors = vectors * torch.tensor(weights)[None, :, None]
        # A norm without gain and bias, as random models have it, leaves a mean that is only rounding.
        if min(mean.abs(), vectors.mean().abs()) > least:
            vectors = vectors * (mean / vectors.mean())
        rows.append(vectors[0])
    return torch.cat(rows)


def of_pipeline(pipe, pieces, clip_skip=1):
    """What the UNet is given. `clip_skip` counts as AUTOMATIC1111 does."""
    if hasattr(pipe, "text_encoder_2"):
        pairs = [(pipe.tokenizer, pipe.text_encoder), (pipe.tokenizer_2, pipe.text_encoder_2)]
        return torch.cat([embedding(*pair, pieces, lambda out: out.hidden_states[-1 - clip_skip]) for pair in pairs], -1)
    encoder = pipe.text_encoder
    norm = getattr(encoder, "text_model", encoder).final_layer_norm
    return embedding(pipe.tokenizer, encoder, pieces, lambda out: norm(out.hidden_states[-clip_skip]))
