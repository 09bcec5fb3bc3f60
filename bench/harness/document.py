#  document: the table, and its place in doc/benchmarks.md.
#  SPDX-License-Identifier: MPL-2.0
import os
import statistics
import sys
import time

BEGIN = '<!-- printed by bench/run: begin -->'
END = '<!-- printed by bench/run: end -->'


class Result:
    """One line of the table. Figures are lists, one for each round. The target is what the median of
    the rounds' ratios must reach (`most`: not exceed), or of the figures where there is no peer; None:
    the line is there for comparison."""

    def __init__ (self, what, ours, theirs, target, *, most=False, unit='', scale=1, digits=2, peer=''):
        self.what, self.ours, self.theirs, self.target, self.most = what, ours, theirs, target, most
        self.unit, self.scale, self.digits, self.peer = unit, scale, digits, peer
        self.ratios = [our / their for our, their in zip (ours, theirs)] if theirs else list (ours)

    @property
    def ratio (self):
        return statistics.median (self.ratios)

    @property
    def met (self):
        return self.ratio <= self.target if self.most else self.ratio >= self.target

    def _figure (self, figures):
        if not figures:
            return '–'
        low, middle, high = (f'{number / self.scale:.{self.digits}f}'
                             for number in (min (figures), statistics.median (figures), max (figures)))
        return f'{middle} ({low}…{high}) {self.unit}'

    def line (self):
        if self.target is None:
            ratio = f'{self.ratio:.2f} ×' if self.theirs else '–'
            return f'| {self.what} | {self._figure (self.ours)} | {self.peer or "–"} | {ratio} | – | – |'
        sign = '≤' if self.most else '≥'
        peer = f'{self.peer}: {self._figure (self.theirs)}' if self.theirs else '–'
        if self.theirs:
            ratio = f'{self.ratio:.2f} ({min (self.ratios):.2f}…{max (self.ratios):.2f}) ×'
            target = f'{sign} {self.target:g} ×'
        else:
            ratio = '–'
            target = f'{sign} {self.target / self.scale:g} {self.unit}'
        verdict = 'met' if self.met else '**missed**'
        return f'| {self.what} | {self._figure (self.ours)} | {peer} | {ratio} | {target} | {verdict} |'


def table (facts, results, rounds, quick):
    lines = [f'Measured on {time.strftime ("%Y-%m-%d", time.gmtime ())} by `bench/run`'
             + (' --quick: **small sizes, not for comparison**' if quick else '')
             + f': {rounds} rounds, the peers in turns with zgrid; each figure is the median of the rounds,'
             ' the lowest and the highest behind it; each ratio is the median of the rounds’ ratios.', '']
    lines += ['| | |', '|---|---|'] + [f'| {name} | {value} |' for name, value in facts]
    lines += ['', '| what | zgrid | peer | ratio | target | |', '|---|---|---|---|---|---|']
    lines += [result.line () for result in results]
    return '\n'.join (lines)


def write (path, text):
    """Puts the table between the markers; what people wrote around them stays."""
    try:
        with open (path) as file:
            old = file.read ()
    except FileNotFoundError:
        old = f'# Benchmarks\n\n{BEGIN}\n{END}\n'
    begin, end = old.find (BEGIN), old.find (END)
    if begin < 0 or end < begin:
        sys.exit (f'bench/run: {path} has no markers for the table')
    new = old [:begin] + BEGIN + '\n' + text + '\n' + old [end:]
    with open (path + '.new', 'w') as file:
        file.write (new)
    os.replace (path + '.new', path)
    print (f'wrote {path}', file=sys.stderr)
