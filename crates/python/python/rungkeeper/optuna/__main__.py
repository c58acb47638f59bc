"""`python -m rungkeeper.optuna`: proposes configurations to a run, by lines of JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import optuna

from rungkeeper.optuna import Proposer, SamplerError, SpaceError, sampler_class

VERSION = 1


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m rungkeeper.optuna",
        description="A search program for the table [search] of an experiment file: "
        "samplers of Optuna propose configurations.",
    )
    parser.add_argument(
        "--sampler",
        default="TPESampler",
        help="a class of optuna.samplers, or module.Class (default: %(default)s)",
    )
    parser.add_argument(
        "--arguments",
        default="{}",
        metavar="JSON",
        help='its arguments, {"multivariate": true} for example',
    )
    return parser.parse_args()


def propose(lines: Iterable[str], out: TextIO, sampler: str, given: str) -> None:
    """Answers questions until there are no more lines.

    Args:
        lines: What the run says.
        out: Where answers go.
        sampler: Name of the sampler.
        given: Its arguments, as an object of JSON.
    """
    own = _object(given)
    proposer: Proposer | None = None
    for line in lines:
        message = json.loads(line)
        if proposer is None:
            if message.get("version") != VERSION:
                raise SystemExit(
                    f"the run speaks version {message.get('version')}, and this is "
                    f"for {VERSION}: install the same version of both"
                )
            proposer = Proposer(message, sampler_class(sampler), own)
        elif "tell" in message:
            proposer.tell(message)
        elif "ask" in message:
            out.write(json.dumps(proposer.ask(message["ask"])) + "\n")
            out.flush()


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SamplerError(f"--arguments is no JSON ({error}): {text}") from error
    if not isinstance(found, dict):
        raise SamplerError(f"--arguments is no object such as {{}}: {text}")
    return found


def main() -> None:
    """The command line."""
    options = arguments()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # What a library prints is no answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        propose(sys.stdin, answers, options.sampler, options.arguments)
    except (SamplerError, SpaceError, ImportError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
