"""What each click does: one function a message, called on the kernel's thread and quick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from workbench.contracts import KINDS, Prompt, resolve_prompt
from workbench.errors import InputError, WorkbenchError
from workbench.panels.assets import packed_plotly
from workbench.panels.endpoints import Address, carry_prompt
from workbench.panels.exports import export_view
from workbench.panels.notices import prompt_option
from workbench.panels.pictures import draw
from workbench.panels.sources import sample_source, source_of
from workbench.panels.state import Layout, Status, check_layout
from workbench.panels.views import correct_kinds
from workbench.texts import read_texts_from_bytes

if TYPE_CHECKING:
    from workbench.panels.explorer import Explorer

TABLE_MODES = ("jsonl", "csv", "tsv")

Asked: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Explorer, Asked, list[memoryview]], None]"


def embed(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Embed. Edited texts come with the press: what the box held then, not what it holds now.

    Texts that were not edited stay here: a browser's text box would turn their CR into LF.
    """
    spec = str(asked["spec"])
    if not spec:
        raise InputError("No embedder is chosen: pick one, or type a directory or a hub id.")
    column = str(asked["column"]) if asked["mode"] in TABLE_MODES else ""
    panel.set_options(
        column=column,
        spec=spec,
        mode=asked["mode"],
        prompt=asked["prompt"],
        choices=panel.list_choices(spec),
    )
    panel.run(
        pasted=None if asked["text"] is None else str(asked["text"]),
        mode=asked["mode"],
        column=column or None,
        prompt=_prompt(asked["prompt"]),
        agreed=bool(asked.get("agreed")),
    )


def connect(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Try an endpoint; once it embeds it is chosen, and the texts of the press are embedded.

    The key came with the press and goes no further than the connector.
    """
    press = dict(asked["press"])

    def use(spec: str) -> None:
        prompt = carry_prompt(press["prompt"], panel.catalogue.describe(spec))
        embed(panel, {**press, "spec": spec, "prompt": prompt}, [])

    address = Address(str(asked["url"]).strip(), str(asked["model"]).strip(), str(asked["key"]))
    panel.connector.connect(address, use)


def cancel(panel: Explorer, _asked: Asked, _: list[memoryview]) -> None:
    """Stop what runs."""
    panel.cancel()


def decline(panel: Explorer, _asked: Asked, _: list[memoryview]) -> None:
    """No to a download: back to the embedder and the instruction of what is on screen."""
    view = panel.view
    if view is not None:
        choice = panel.catalogue.describe(view.request.spec)
        panel.set_options(spec=choice.spec, prompt=prompt_option(view.request.prompt, choice))
    panel.session.say(Status("idle", "Nothing was downloaded."))


def sample(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Load one of the project's samples and embed it as the panel is set."""
    panel.take_source(sample_source(str(asked["name"])))
    panel.run(prompt=_prompt(panel.options["prompt"]))


def upload(panel: Explorer, asked: Asked, buffers: list[memoryview]) -> None:
    """Read a file from the browser and embed it as the panel is set."""
    name, column = str(asked["name"]), str(asked["column"]) or None
    content = bytes(buffers[0])

    def read() -> None:
        try:
            parsed = read_texts_from_bytes(name, content, column=column)
        except InputError:
            panel.set_options(file=name)  # shows the box that names a column
            raise
        panel.take_source(source_of(parsed, name))
        panel.run(prompt=_prompt(panel.options["prompt"]))

    panel.session.run_errand(read)


def preview(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Say which exact prefix an instruction would become."""
    try:
        choice = panel.catalogue.describe(str(asked["spec"]))
        prompt = resolve_prompt(
            _prompt(asked["prompt"]),
            prompts=choice.prompts,
            default=choice.default_prompt,
            template=choice.instruction_template,
        )
    except WorkbenchError as exc:
        told: dict[str, Any] = {"prefix": "", "note": "", "error": str(exc)}
    else:
        told = {"prefix": prompt.prefix, "note": prompt.note, "error": ""}
    panel.preview = told | {"asked": {key: asked[key] for key in ("spec", "prompt")}}


def zoom(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Show a window of the matrix in full, or all of it again."""
    if "rows" not in asked:
        panel.session.run_errand(panel.show_matrix)
        return
    rows, columns = slice(*asked["rows"]), slice(*asked["columns"])
    panel.session.run_errand(lambda: panel.show_matrix((rows, columns)))


def order(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Order the matrix as given, or like beside like."""
    panel.set_options(order=asked["order"])
    part = "order" if asked["order"] == "clustered" else ""
    _show_with(panel, part, panel.show_matrix)


def colour(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Colour the map by kind, cluster or label."""
    panel.set_options(colour=asked["colour"])
    part = "clusters" if asked["colour"] == "cluster" else ""
    _show_with(panel, part, panel.show_map)


def layout(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Lay out the map with other settings.

    Raises:
        InputError: A setting that no map can be laid out with; those before stay.
    """
    settings = {key: value for key, value in asked.items() if key in Layout.__dataclass_fields__}
    changed = replace(panel.session.layout, **settings)
    check_layout(changed)
    panel.set_options(layout=asdict(changed))
    panel.session.relayout(changed)


def kind(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Take the user's word on the kind of a text, here and in all runs that follow."""
    view, index = panel.view, int(asked["index"])
    if view is None or asked["kind"] not in KINDS:
        return
    if not 0 <= index < len(view.request.texts):
        return
    panel.session.kinds[view.request.texts[index]] = asked["kind"]
    parsed = correct_kinds(view.request.parsed, panel.session.kinds)
    parts = frozenset({"kinds", "map", "percentiles"})
    panel.session.replace_view(view.serial, parts, request=replace(view.request, parsed=parsed))


def export(panel: Explorer, asked: Asked, _: list[memoryview]) -> None:
    """Make a file of what is on screen and hand it to the browser."""
    view, what = panel.view, str(asked["what"])
    if view is None:
        raise InputError("There is nothing to export yet: press Embed first.")
    settings = {"order": panel.options["order"], "colour": panel.options["colour"]}

    def make() -> None:
        name, mime, content = export_view(view, what, lambda part: draw(part, view, **settings))
        panel.send(
            {"type": "file", "name": name, "mime": mime, "id": asked.get("id")}, buffers=[content]
        )

    panel.session.run_errand(make)


def measure(panel: Explorer, _asked: Asked, _: list[memoryview]) -> None:
    """Measure the percentiles, however long it takes."""
    panel.session.measure()


def send_plotly(panel: Explorer, _asked: Asked, _: list[memoryview]) -> None:
    """Send plotly.js to a page that has none yet."""
    panel.session.run_errand(lambda: panel.send({"type": "plotly"}, buffers=[packed_plotly()]))


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        handler.__name__: handler
        for handler in (
            embed,
            connect,
            cancel,
            decline,
            sample,
            upload,
            preview,
            zoom,
            order,
            colour,
            layout,
            kind,
            export,
            measure,
            send_plotly,
        )
    }
)


def _prompt(asked: Mapping[str, Any]) -> str | Prompt:
    """The ``prompt`` argument for what the radio buttons and the box say."""
    if asked["choice"] == "none":
        return ""
    if asked["choice"] != "own":
        return str(asked["choice"])
    own = str(asked["own"])
    return Prompt.from_prefix(own) if asked.get("exact", False) else own


def _show_with(panel: Explorer, part: str, show: Callable[[], None]) -> None:
    """Show something again; a part that it lacks is computed first, and then shown by itself."""
    view = panel.view
    if part:
        panel.session.want(part)
    if not part or (view is not None and getattr(view, part) is not None):
        panel.session.run_errand(show)
