"""Commands out of verbs: their options are the verb's own parameters."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Literal, get_args, get_origin

from cyclopts import Parameter, Token

from ripplecarry.cli.say import say
from ripplecarry.cli.usage_errors import as_options
from ripplecarry.engines.registry import GPU_ENGINES
from ripplecarry.errors import ConfigurationError, InputError
from ripplecarry.runs.run import Run
from ripplecarry.verbs.parameters import Option, options_of

if TYPE_CHECKING:
    from pandas import DataFrame

JsonOption = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
_JSON = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=JsonOption)
TABLE_OPTIONS = tuple(
    inspect.Parameter(
        f"as_{form.lower()}",
        inspect.Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[bool, Parameter(name=f"--{form.lower()}", negative="", help=f"Print {form}.")],
    )
    for form in ("CSV", "LaTeX")
)
"""Of commands that print one table."""
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
            forms = [form for form in ("csv", "latex", "json") if given.arguments.get(f"as_{form}")]
            if len(forms) > 1:
                raise ConfigurationError(
                    f"{' and '.join(f'--{form}' for form in forms)} are given; output has one form"
                )
            engine = given.arguments.get("engine")
            if engine == "auto":
                _say_if_slow()
            try:
                status = function(*given.args, **given.kwargs)
            except InputError as error:
                raise type(error)(as_options(str(error), names)) from None
            if engine in GPU_ENGINES:
                say(f"the engine {engine} is experimental: so far only an interpreter has run its tests")
            return status

        called.__signature__ = signature  # pyrefly: ignore[missing-attribute]
        called.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        return called

    return with_options


def print_as_table(frame: "DataFrame", *, as_csv: bool, as_latex: bool) -> bool:
    """Prints a frame as CSV or LaTeX; False where neither was asked for."""
    if as_csv:
        print(frame.to_csv(index=False), end="")
    elif as_latex:
        print(frame.to_latex(index=False, escape=True, na_rep=""), end="")
    return as_csv or as_latex


def _parameter(parameter: inspect.Parameter, kind: Any, option: Any) -> inspect.Parameter:
    notes = [Parameter(help=option.help, negative=""), *filter(None, [_PARSED.get(parameter.name)])]
    if option.low is not None or get_origin(kind) is Literal:
        notes.append(Parameter(converter=reader(parameter.name, option, kind)))
    is_word = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    return parameter.replace(
        kind=parameter.POSITIONAL_ONLY if is_word else parameter.kind,
        annotation=Annotated[_read_as(kind, parameter.default), *notes],  # pyrefly: ignore
    )


def reader(name: str, option: Option, kind: Any = int) -> Callable[[Any, Sequence[Token]], object]:
    """Reads a number or choice as the verb does: cyclopts would round 1.5 to 2."""

    def read(hint: Any, tokens: Sequence[Token]) -> object:
        try:
            return option.read(tokens[0].value, name, kind)
        except InputError as error:
            raise type(error)(as_options(str(error), [name])) from None

    return read


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
    from ripplecarry.engines import kernel

    if not kernel.is_available():
        say(
            "the native engine is not built, so PyTorch does the work, several times slower; "
            "`pip install -v .` in the project's folder says why"
        )
