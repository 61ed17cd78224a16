"""Writes ../words.txt: everything that captions call things by, for the window's completion. One phrase a line, a tab,
and what it is: `thing`, `place`, `colour`, `where`, `size`, `count`, `link`, `does nothing`, or the thing that it is
another word for.

    python words.py --data DATA [--out ../words.txt]      # DATA as in scenes.py; a minute on one core
"""
import argparse
import pathlib

import scenes

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--out", default=pathlib.Path(__file__).parent.parent / "words.txt")
args = parser.parse_args()

_, names, others = scenes.load_objects(args.data)
lines = {}  # the first meaning of a phrase holds


def add(phrase, kind):
    phrase = phrase.strip(" ,").removeprefix("a ").removeprefix("an ").removeprefix("the ")
    if phrase and "\t" not in phrase:
        lines.setdefault(phrase, kind)


for colour in [*scenes.COLOURS, "gold"]:
    add(colour, "colour")
for place in scenes.PLACES.values():
    for phrase in (*place[0], *place[1]):
        add(phrase, "place")
for phrase in ["on a white background", "white background", "background", "gradient", "nothing", "empty", "landscape"]:
    add(phrase, "place")
for spot in scenes.SPOTS:
    add(spot, "where")
for size in ["small", "tiny", "big", "large"]:
    add(size, "size")
for count in ["two", "three"]:
    add(count, "count")
for link in ["a", "an", "the", "and", "with", "to", "on", "in", "of", "next to", "beside", "above", "below", "in front of", "behind",
             "on the left and", "on the right and", "wearing"]:
    lines.setdefault(link, "link")
for name in names:
    add(name, "thing")
for name, words in zip(names, others):
    for word in sorted(set(words)):
        add(word, name)
add("hat", "top hat")
for phrase in [*scenes.PLAIN_WORDS, *scenes.POSES, *scenes.OPENERS, *scenes.TRAILERS]:
    add(phrase, "does nothing")

pathlib.Path(args.out).write_text("".join(f"{phrase}\t{kind}\n" for phrase, kind in lines.items()))
print(len(lines), "phrases")
