"""Commands out of verbs: their options are the verb's own parameters."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ForwardRef, get_args

from cyclopts import Parameter

from ripplecarry.cli.say import say
from ripplecarry.cli.usage_errors import as_options
from ripplecarry.errors import InputError
from ripplecarry.runs.run import Run
from ripplecarry.verbs.parameters import options_of

JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
_JSON = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption)
_STORE = Parameter(env_var="RIPPLECARRY_STORE")
_HYPHENS = Parameter(allow_leading_hyphen=True)
_PARSED = {"store": _STORE, "numbers": _HYPHENS, "from_": _HYPHENS}
"""What only the command line knows of an option."""

Command = Callable[..., int]


def command(
    verb: Callable[..., Any], more: Sequence[inspect.Parameter] = ()
) -> Callable[[Command], Command]:
    """Gives a function the options of a verb, and more; it is called with all of them and `as_json`."""
    own = [_parameter(*option) for option in options_of(verb).values()]
    names = [parameter.name for parameter in own]
    signature = inspect.Signature([*own, *more, _JSON])

    def with_options(function: Command) -> Command:
        @wraps(function)
        def called(*words: Any, **options: Any) -> int:
            given = signature.bind(*words, **options)
            given.apply_defaults()
            if given.arguments.get("engine") == "auto":
                _say_if_slow()
            try:
                return function(*given.args, **given.kwargs)
            except InputError as error:
                raise type(error)(as_options(str(error), names)) from None

        called.__signature__ = signature  # pyrefly: ignore[missing-attribute]
        called.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        return called

    return with_options


def _parameter(parameter: inspect.Parameter, kind: Any, option: Any) -> inspect.Parameter:
    notes = [Parameter(help=option.help, negative=""), *filter(None, [_PARSED.get(parameter.name)])]
    is_word = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    return parameter.replace(
        kind=parameter.POSITIONAL_ONLY if is_word else parameter.kind,
        annotation=Annotated[_read_as(kind, parameter.default), *notes],  # pyrefly: ignore
    )


def _read_as(kind: Any, default: object) -> Any:
    """The type that words are read as: a run or study is a word, and so is a number to add."""
    parts = get_args(kind) or (kind,)
    if isinstance(kind, ForwardRef) or Run in parts or kind is Any:
        plain: Any = str
    elif Path in parts:
        plain = Path
    else:
        return kind
    return plain | None if default is None else plain


def _say_if_slow() -> None:
    from ripplecarry.engines import native

    if not native.is_available():
        say(
            "the native engine is not built, so PyTorch does the work, several times slower; "
            "`pip install -v .` in the project's folder says why"
        )
